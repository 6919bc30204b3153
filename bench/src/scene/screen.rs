//! A connection to an X display, as an ordinary program has one.

use anyhow::{Context as _, Result, ensure};
use x11rb::connection::Connection as _;
use x11rb::connection::RequestConnection as _;
use x11rb::protocol::xproto::{
    ChangeGCAux, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask,
    Gcontext, ImageFormat, ImageOrder, InputFocus, Pixmap, Rectangle, StackMode, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;

use crate::canvas::{Canvas, Colour};

/// Bytes of a `PutImage` request besides its pixels, and some to spare.
const PUT_HEAD_BYTES: usize = 64;

/// One program's view of a display.
pub(super) struct Screen {
    connection: RustConnection,
    root: Window,
    depth: u8,
    context: Gcontext,
    /// Columns and rows.
    pub(super) size: (u16, u16),
}

impl Screen {
    /// Connects to a display by its name, such as `:1`.
    ///
    /// # Errors
    ///
    /// It does not answer, or keeps its pixels otherwise than [`Canvas`] does.
    pub(super) fn connect(display: &str) -> Result<Self> {
        let (connection, number) = RustConnection::connect(Some(display))
            .with_context(|| format!("cannot reach display {display}"))?;
        let setup = connection.setup();
        let screen = setup.roots.get(number).context("the display has no such screen")?;
        let (root, depth) = (screen.root, screen.root_depth);
        let size = (screen.width_in_pixels, screen.height_in_pixels);
        let red = screen
            .allowed_depths
            .iter()
            .flat_map(|depth| &depth.visuals)
            .find(|visual| visual.visual_id == screen.root_visual)
            .map(|visual| visual.red_mask);
        ensure!(
            depth == 24
                && red == Some(0xFF_0000)
                && setup.image_byte_order == ImageOrder::LSB_FIRST,
            "the display does not keep its pixels as B, G, R and a spare byte"
        );
        let context = connection.generate_id()?;
        connection.create_gc(context, root, &CreateGCAux::new().graphics_exposures(0))?;
        Ok(Self { connection, root, depth, context, size })
    }

    /// Waits until the display has done everything asked so far.
    pub(super) fn finish(&self) -> Result<()> {
        self.connection.get_input_focus()?.reply().context("the display does not answer")?;
        Ok(())
    }

    /// A window without decoration, shown at once, which the server itself repaints from
    /// `picture`.
    pub(super) fn window(&self, (x, y): (i16, i16), picture: &Canvas) -> Result<Window> {
        let pixmap = self.pixmap(picture)?;
        let window = self.connection.generate_id()?;
        let settings = CreateWindowAux::new()
            .override_redirect(1)
            .background_pixmap(pixmap)
            .event_mask(EventMask::KEY_PRESS);
        self.connection.create_window(
            self.depth,
            window,
            self.root,
            x,
            y,
            picture.width,
            picture.height,
            0,
            WindowClass::INPUT_OUTPUT,
            0,
            &settings,
        )?;
        self.connection.map_window(window)?;
        self.connection.free_pixmap(pixmap)?;
        self.finish()?;
        Ok(window)
    }

    fn pixmap(&self, picture: &Canvas) -> Result<Pixmap> {
        let pixmap = self.connection.generate_id()?;
        let (width, height) = (picture.width, picture.height);
        self.connection.create_pixmap(self.depth, pixmap, self.root, width, height)?;
        self.put(pixmap, (0, 0), picture.width, &picture.bytes)?;
        Ok(pixmap)
    }

    /// Draws rows of `width` pixels with their corner at a place, as one picture if the display
    /// takes requests so long.
    pub(super) fn put(
        &self,
        drawable: u32,
        (x, y): (i16, i16),
        width: u16,
        bytes: &[u8],
    ) -> Result<()> {
        let stride = 4 * usize::from(width.max(1));
        let longest = self.connection.maximum_request_bytes().saturating_sub(PUT_HEAD_BYTES);
        let mut y = y;
        for rows in bytes.chunks((longest / stride).max(1) * stride) {
            let height = u16::try_from(rows.len() / stride)?;
            self.connection.put_image(
                ImageFormat::Z_PIXMAP,
                drawable,
                self.context,
                width,
                height,
                x,
                y,
                0,
                self.depth,
                rows,
            )?;
            y = y.saturating_add_unsigned(height);
        }
        Ok(())
    }

    /// Moves what is drawn in a window up by `by` rows.
    pub(super) fn scroll(
        &self,
        window: Window,
        (width, height): (u16, u16),
        by: u16,
    ) -> Result<()> {
        let (context, from) = (self.context, i16::try_from(by)?);
        let height = height.saturating_sub(by);
        self.connection.copy_area(window, window, context, 0, from, 0, 0, width, height)?;
        Ok(())
    }

    /// Fills a rectangle of a window.
    pub(super) fn fill(&self, window: Window, area: Rectangle, colour: Colour) -> Result<()> {
        let [red, green, blue] = colour;
        let pixel = u32::from_be_bytes([0, red, green, blue]);
        self.connection.change_gc(self.context, &ChangeGCAux::new().foreground(pixel))?;
        self.connection.poly_fill_rectangle(window, self.context, &[area])?;
        Ok(())
    }

    /// Puts a window before all others.
    pub(super) fn raise(&self, window: Window) -> Result<()> {
        let settings = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.connection.configure_window(window, &settings)?;
        Ok(())
    }

    /// Moves a window.
    pub(super) fn move_to(&self, window: Window, (x, y): (i32, i32)) -> Result<()> {
        let settings = ConfigureWindowAux::new().x(x).y(y);
        self.connection.configure_window(window, &settings)?;
        Ok(())
    }

    /// Gives a window the keyboard.
    pub(super) fn focus(&self, window: Window) -> Result<()> {
        let now = x11rb::CURRENT_TIME;
        self.connection.set_input_focus(InputFocus::POINTER_ROOT, window, now)?;
        self.finish()
    }

    /// Sends what was asked for on its way.
    pub(super) fn flush(&self) -> Result<()> {
        Ok(self.connection.flush()?)
    }

    /// Waits for the next thing that the display tells.
    ///
    /// # Errors
    ///
    /// The display is gone.
    pub(super) fn next_event(&self) -> Result<x11rb::protocol::Event> {
        Ok(self.connection.wait_for_event()?)
    }
}
