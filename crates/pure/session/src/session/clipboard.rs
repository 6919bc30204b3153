//! The clipboard, both ways: what the permissions and the limit let through.

use porthole_link::{ClipboardContent, ClipboardPart, LinkError};
use porthole_remote::{Clipboard, Input};

use super::{Session, ViewerId};
use crate::Permissions;
use crate::clipboard::Outgoing;

impl Session {
    /// Somebody copied something on the remote. A format that is too long is left out.
    pub(super) fn offer_clipboard(&mut self, content: Clipboard) {
        let max = self.config.clipboard_max_bytes;
        let fit = Clipboard {
            text: content.text.filter(|text| text.len() <= max),
            html: content.html.filter(|html| html.len() <= max),
            png: content.png.filter(|png| png.len() <= max),
        };
        let outgoing = (!fit.is_empty()).then(|| Outgoing::new(fit));
        let allowed = Permissions::CLIPBOARD_OUT;
        for viewer in self.viewers.iter_mut().filter(|held| held.permissions.allow(allowed)) {
            // What is left of older content is void either way.
            viewer.clipboard.clone_from(&outgoing);
            if outgoing.is_none() {
                viewer.owed.notice(format!("the remote's clipboard is over {max} bytes"));
            }
        }
        for seat in self.seats.iter_mut().filter(|seat| seat.granted.allow(allowed)) {
            seat.clipboard.clone_from(&outgoing);
        }
    }

    /// A part of what a viewer copied.
    pub(super) fn take_clipboard(&mut self, viewer: ViewerId, part: &ClipboardPart) {
        let max = self.config.clipboard_max_bytes;
        let Some(from) = self.viewer(viewer) else { return };
        if !from.permissions.allow(Permissions::CLIPBOARD_IN) {
            if !part.continues {
                from.owed.notice("this link does not allow pasting".into());
            }
            return;
        }
        match from.pasting.push(part, max) {
            Ok(Some(ClipboardContent { text, html, png })) => {
                let content = Clipboard { text, html, png };
                if !content.is_empty() {
                    self.pass_on(Input::Clipboard(content));
                }
            }
            Ok(None) => (),
            Err(LinkError::OverLimit { .. }) => {
                from.owed.notice(format!("the clipboard is over {max} bytes"));
            }
            Err(_) => from.owed.notice("the clipboard's text is not UTF-8".into()),
        }
    }
}
