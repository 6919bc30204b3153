//! The graphics pipeline's channel, as a part of a connection.

use porthole_pixels::{Rect, Size, Surface};

use crate::RdpError;
use crate::dynamic::{Dynamic, Purpose};
use crate::graphics_pipeline::{GraphicsConfig, GraphicsOutput, GraphicsPipeline};
use crate::outbox::Outbox;

/// What draws the desktop once the server opens its channel; before that, and where it never does,
/// updates do.
#[derive(Debug)]
pub(super) struct Pipeline {
    /// `None`: the server was told of no graphics pipeline.
    config: Option<GraphicsConfig>,
    is_video_wanted: bool,
    open: Option<Box<GraphicsPipeline>>,
    /// What the server is to draw anew.
    redraw: Option<Rect>,
}

impl Pipeline {
    pub(super) fn new(config: Option<GraphicsConfig>) -> Self {
        Self { config, is_video_wanted: false, open: None, redraw: None }
    }

    /// The server opened the channel.
    pub(super) fn handle_opened(&mut self, dynamic: &Dynamic, outbox: &mut Outbox) {
        let Some(config) = self.config.clone() else { return };
        self.open = Some(Box::new(GraphicsPipeline::new(config, self.is_video_wanted)));
        self.pass_on(dynamic, outbox);
    }

    /// Takes a message of the channel.
    ///
    /// # Errors
    ///
    /// The server broke the protocol.
    pub(super) fn handle(
        &mut self,
        message: &[u8],
        surface: &mut Surface,
        dynamic: &Dynamic,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        if let Some(open) = &mut self.open {
            open.handle(message, surface)?;
        }
        self.pass_on(dynamic, outbox);
        Ok(())
    }

    /// The server closed the channel: it draws by updates again.
    pub(super) fn handle_closed(&mut self, dynamic: &Dynamic, outbox: &mut Outbox) {
        if let Some(mut open) = self.open.take() {
            open.end_video();
            self.take_outputs(&mut open, dynamic, outbox);
        }
    }

    /// Whether everybody who watches shows H.264.
    pub(super) fn want_video(&mut self, is_wanted: bool, dynamic: &Dynamic, outbox: &mut Outbox) {
        self.is_video_wanted = is_wanted;
        if let Some(open) = &mut self.open {
            open.set_video_wanted(is_wanted);
        }
        self.pass_on(dynamic, outbox);
    }

    /// Somebody lacks what is shown in `rect`.
    pub(super) fn repaint(&mut self, rect: Rect) {
        if let Some(open) = &mut self.open {
            open.restart_video();
            self.redraw = Some(self.redraw.map_or(rect, |redraw| redraw.union(rect)));
        }
    }

    /// So many bytes wait behind the message at hand: the server slows down when there are many.
    pub(super) fn set_waiting(&mut self, bytes: usize) {
        if let Some(open) = &mut self.open {
            open.set_queue_bytes(bytes);
        }
    }

    /// Draws what somebody lacks, as far as that can be done here.
    ///
    /// # Errors
    ///
    /// None that a server can bring about.
    pub(super) fn catch_up(
        &mut self,
        surface: &mut Surface,
        dynamic: &Dynamic,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        if let Some(open) = &mut self.open {
            open.catch_up(surface)?;
            self.pass_on(dynamic, outbox);
        }
        Ok(())
    }

    /// The desktop is to have `size`.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub(super) fn resize(&mut self, size: Size, surface: &mut Surface) -> Result<(), RdpError> {
        match &mut self.open {
            Some(open) => Ok(open.resize(size, surface)?),
            None => Ok(surface.resize(size)?),
        }
    }

    /// What the server is to be asked to draw anew.
    pub(super) const fn take_redraw(&mut self) -> Option<Rect> {
        self.redraw.take()
    }

    fn pass_on(&mut self, dynamic: &Dynamic, outbox: &mut Outbox) {
        if let Some(mut open) = self.open.take() {
            self.take_outputs(&mut open, dynamic, outbox);
            self.open = Some(open);
        }
    }

    fn take_outputs(
        &mut self,
        open: &mut GraphicsPipeline,
        dynamic: &Dynamic,
        outbox: &mut Outbox,
    ) {
        while let Some(output) = open.poll() {
            match output {
                GraphicsOutput::Send(message) => {
                    dynamic.put(Purpose::Graphics, &message, outbox.bytes());
                }
                GraphicsOutput::Event(event) => outbox.event(event),
                GraphicsOutput::Redraw(rect) => {
                    self.redraw = Some(self.redraw.map_or(rect, |redraw| redraw.union(rect)));
                }
            }
        }
    }
}
