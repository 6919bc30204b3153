//! The clipboard between the RDP driver or a viewer, and a real session of xrdp's.

use anyhow::Result;
use porthole_remote::{Clipboard, Event, Input};
use porthole_testkit::servers::{Xrdp, wait_until};
use porthole_tests::SOON;

use crate::rdp::{config, session};

#[tokio::test(flavor = "multi_thread")]
async fn text_both_ways() -> Result<()> {
    let server = Xrdp::start()?;
    let mut desktop = session(&server, config(server.login())).await?;
    let display = server.display();
    let text = "gr\u{fc}\u{df}e \u{20ac}\nzwei\n";
    desktop.input(Input::Clipboard(Clipboard::of_text(text)));
    // Who reads waits for our answer, which this thread gives.
    let reading = std::thread::spawn(move || {
        wait_until("the viewer's text", SOON, || {
            // Lines end as on Windows, and xrdp leaves them so.
            let pasted = display.clipboard().map(|now| now.replace("\r\n", "\n"));
            Ok(pasted.is_ok_and(|now| now == text).then_some(()))
        })
    });
    desktop.wait_until("the reader", SOON * 2, |_| reading.is_finished()).await?;
    reading.join().unwrap()?;
    let owning = std::thread::spawn(move || display.own_clipboard("vom Server"));
    desktop.wait_until("the owner", SOON, |_| owning.is_finished()).await?;
    let _owner = owning.join().unwrap()?;
    let copied = Event::Clipboard(Clipboard::of_text("vom Server"));
    desktop
        .wait_until("the remote's text", SOON, |desktop| desktop.events().contains(&copied))
        .await
}
