//! Files: what viewers ask of the store, and what it answers.

use std::time::Instant;

use porthole_link::{Ability, FileRequest};
use porthole_remote::Input;

use super::{Output, Session, ViewerId};
use crate::Permissions;
use crate::files::{FileKey, FileResult};
use crate::viewer::Viewer;

/// Where files are that belong on the remote's clipboard.
const CLIPBOARD_FOLDER: &str = "Clipboard/";

impl Session {
    /// An order for the store has been carried out. What nobody waits for any more is ignored.
    pub fn handle_file(&mut self, key: FileKey, result: FileResult) {
        if let Some(viewer) = self.viewer(key.viewer) {
            viewer.files.handle_result(key.request, result);
        }
    }

    /// The upload with this key is whole, at `path`. What comes into the folder of the clipboard is
    /// put onto the remote's, if whoever brought it may do that.
    pub fn handle_file_written(&mut self, key: FileKey, path: &str, size: u64) {
        let allowed = Permissions::CLIPBOARD_IN;
        let may = self.viewer(key.viewer).is_some_and(|viewer| viewer.permissions.allow(allowed));
        if may && path.starts_with(CLIPBOARD_FOLDER) {
            self.pass_on(Input::ClipboardFile { path: path.to_owned(), size });
        }
    }

    /// The remote has put a file where it should be downloaded from. Paths are the store's.
    pub fn handle_file_offered(&mut self, path: &str, size: u64) {
        self.for_each_viewer(|viewer| viewer.offer_file(path, size));
    }

    /// A record about files, which mean nothing where there are none.
    pub(super) fn handle_file_request(&mut self, now: Instant, id: ViewerId, asked: FileRequest) {
        if self.shown.abilities & Ability::FILES == 0 {
            return;
        }
        // Whoever transfers files is not idle.
        self.input_at = now;
        if let Some(viewer) = self.viewer(id) {
            viewer.files.handle(now, viewer.permissions, asked);
        }
    }

    /// Sends the viewer at `at` what there is about files, after all that is urgent, and hands out
    /// what the store has to do for it.
    pub(super) fn serve_files(&mut self, now: Instant, at: usize) {
        let Some(viewer) = self.viewers.get_mut(at) else { return };
        let id = viewer.id;
        if let Some(message) = viewer.take_files(now) {
            self.outputs.push_back(Output::Send { viewer: id, message });
        }
        self.hand_out_orders(at);
    }

    /// A viewer goes: its files are closed.
    pub(super) fn close_files(&mut self, viewer: &mut Viewer) {
        viewer.files.close_all();
        while let Some((request, order)) = viewer.files.take_order() {
            let key = FileKey { viewer: viewer.id, request };
            self.outputs.push_back(Output::File(key, order));
        }
    }

    fn hand_out_orders(&mut self, at: usize) {
        let Some(viewer) = self.viewers.get_mut(at) else { return };
        while let Some((request, order)) = viewer.files.take_order() {
            let key = FileKey { viewer: viewer.id, request };
            self.outputs.push_back(Output::File(key, order));
        }
    }
}
