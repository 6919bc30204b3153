//! One synthetic server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{Buf as _, Bytes, BytesMut};
use porthole_pixels::Rect;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use super::Mix;
use super::marks::{CHANGE_MARK, DESKTOP_MARK, Desktop, Marks};
use super::pictures::Pictures;
use super::protocol::{self, Message, Order};

/// Time between two changes.
const CHANGE_GAP: Duration = Duration::from_millis(100);

/// The banner of RFC 6143 §7.1.1.
const BANNER: &[u8; 12] = b"RFB 003.008\n";

/// How long a client may take to sign in.
const HANDSHAKE_MAX: Duration = Duration::from_secs(60);

/// Orders of colours that are kept ready. There are not more.
const ORDERS_MAX: usize = 24;

/// Pixels that are copied behind their head, to go out in one packet with it.
const SMALL_MAX_BYTES: usize = 8 << 10;

/// What all servers share.
pub(super) struct Shared {
    size: (u16, u16),
    pictures: Mutex<Vec<Arc<Pictures>>>,
    /// Which changes wait to be seen.
    pub(super) marks: Marks,
    /// Changes that have happened.
    pub(super) changes: AtomicU64,
    fault: Mutex<Option<anyhow::Error>>,
}

impl Shared {
    /// For screens of so many columns and rows.
    ///
    /// # Errors
    ///
    /// They are too small for what is shown.
    pub(super) fn new(size: (u16, u16)) -> Result<Self> {
        ensure!(size.0 >= 1024 && size.1 >= 640, "a screen of {size:?} is too small");
        Ok(Self {
            size,
            pictures: Mutex::default(),
            marks: Marks::default(),
            changes: AtomicU64::new(0),
            fault: Mutex::default(),
        })
    }

    /// The first fault of a client, once.
    pub(super) fn fault(&self) -> Option<anyhow::Error> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn pictures(&self, order: Order) -> Result<Arc<Pictures>> {
        let mut all = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|pictures| pictures.order() == order) {
            return Ok(Arc::clone(known));
        }
        ensure!(all.len() < ORDERS_MAX, "too many orders of colours");
        let pictures = Arc::new(Pictures::draw(self.size, order));
        all.push(Arc::clone(&pictures));
        Ok(pictures)
    }
}

/// Accepts connections for ever; each is a desktop of its own.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>, mix: Mix) {
    // An error here means that files have run out, and then the client notices.
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            if let Err(error) = serve(stream, &shared, mix).await
                && !error.is::<std::io::Error>()
            {
                let mut fault = shared.fault.lock().unwrap_or_else(PoisonError::into_inner);
                fault.get_or_insert(error);
            }
        });
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared, mix: Mix) -> Result<()> {
    stream.set_nodelay(true)?;
    let signing_in = timeout(HANDSHAKE_MAX, sign_in(&mut stream, shared.size));
    signing_in.await.context("a client that does not sign in")??;
    let desktop = shared.marks.add().context("too many desktops")?;
    // Nobody's changes come in step with another's.
    let first = CHANGE_GAP + Duration::from_millis(u64::from(desktop.number) * 37 % 100);
    let mut ticks = interval_at(Instant::now() + first, CHANGE_GAP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let server = Server {
        stream,
        pictures: shared.pictures(Order::NATIVE)?,
        shared,
        mix,
        desktop,
        sent: 0,
        wish: None,
    };
    server.run(ticks).await
}

/// RFC 6143 §7.1 to §7.3, without security.
async fn sign_in(stream: &mut TcpStream, size: (u16, u16)) -> Result<()> {
    stream.write_all(BANNER).await?;
    let mut banner = [0; BANNER.len()];
    stream.read_exact(&mut banner).await?;
    ensure!(banner == *BANNER, "a client that speaks {banner:?}");
    stream.write_all(&[1, 1]).await?;
    ensure!(stream.read_u8().await? == 1, "another security type than the one that is offered");
    stream.write_all(&[0; 4]).await?;
    stream.read_u8().await?;
    stream.write_all(&protocol::server_init(size)).await?;
    Ok(())
}

struct Server<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    pictures: Arc<Pictures>,
    mix: Mix,
    desktop: Desktop,
    /// The last change that was sent.
    sent: u16,
    /// What the client waits for; true when only changes are wanted.
    wish: Option<bool>,
}

impl Server<'_> {
    async fn run(mut self, mut ticks: Interval) -> Result<()> {
        let mut arrived = BytesMut::new();
        loop {
            while let Some((message, len)) = protocol::parse(&arrived)? {
                arrived.advance(len);
                match message {
                    Message::Format(order) => self.pictures = self.shared.pictures(order)?,
                    Message::Request { incremental } => {
                        // A wish for everything is not taken back by one for changes.
                        self.wish = Some(incremental && self.wish != Some(false));
                    }
                    Message::Other => {}
                }
            }
            self.answer().await?;
            tokio::select! {
                read = self.stream.read_buf(&mut arrived) => {
                    if read? == 0 {
                        return Ok(());
                    }
                }
                _ = ticks.tick(), if self.mix != Mix::Idle => {
                    self.desktop.note_change();
                    self.shared.changes.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Sends what is wanted and there.
    async fn answer(&mut self) -> Result<()> {
        let change = self.desktop.change;
        let rects = match self.wish {
            Some(false) => vec![
                (
                    Rect::new(0, 0, self.shared.size.0, self.shared.size.1),
                    self.pictures.whole.clone(),
                ),
                self.pictures.mark(DESKTOP_MARK, self.desktop.number),
                self.pictures.mark(CHANGE_MARK, change),
            ],
            Some(true) if self.sent != change => {
                let picture = match self.mix {
                    Mix::Typing => self.pictures.letter(change),
                    Mix::Video => self.pictures.film(change),
                    Mix::Idle => bail!("a change where nothing happens"),
                };
                vec![picture, self.pictures.mark(CHANGE_MARK, change)]
            }
            Some(true) | None => return Ok(()),
        };
        self.wish = None;
        self.sent = change;
        self.send(&rects).await
    }

    async fn send(&mut self, rects: &[(Rect, Bytes)]) -> Result<()> {
        let mut heads = BytesMut::new();
        heads.extend_from_slice(&protocol::update_head(u16::try_from(rects.len())?));
        for (rect, pixels) in rects {
            heads.extend_from_slice(&protocol::rect_head(*rect));
            if pixels.len() <= SMALL_MAX_BYTES {
                heads.extend_from_slice(pixels);
            } else {
                self.stream.write_all(&heads).await?;
                heads.clear();
                self.stream.write_all(pixels).await?;
            }
        }
        Ok(self.stream.write_all(&heads).await?)
    }
}
