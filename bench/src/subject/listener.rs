//! Which process listens at an address of this machine.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use crate::account;

/// The process that listens at `address`: of several that share the socket, the parent of the
/// others. `None` when the address is another machine's, nobody listens, or we may not look.
pub(super) fn process_at(address: SocketAddr) -> Option<u32> {
    // Only an address of this machine can be bound.
    TcpListener::bind((address.ip(), 0)).ok()?;
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables.map(|path| fs::read_to_string(path).unwrap_or_default());
    let sockets: BTreeSet<u64> =
        tables.iter().flat_map(|table| listening(table, address.port())).collect();
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let holders: BTreeSet<u32> = entries
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter(|id: &u32| holds(*id, &sockets))
        .collect();
    let is_first =
        |id: &&u32| account::parent(**id).is_none_or(|parent| !holders.contains(&parent));
    holders.iter().find(is_first).copied()
}

/// Inodes of the sockets that listen on `port`, in the system's table of them.
fn listening(table: &str, port: u16) -> Vec<u64> {
    let wanted = format!(":{port:04X}");
    let rows = table.lines().skip(1);
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split_ascii_whitespace().collect();
        let [_, local, _, state, _, _, _, _, _, inode, ..] = cells.as_slice() else {
            return None;
        };
        // 0A is TCP_LISTEN.
        (local.ends_with(&wanted) && *state == "0A").then(|| inode.parse().ok())?
    })
    .collect()
}

/// Whether a process has one of these sockets open.
fn holds(process_id: u32, sockets: &BTreeSet<u64>) -> bool {
    let folder = Path::new("/proc").join(process_id.to_string()).join("fd");
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        let name = target.to_string_lossy();
        let inode = name.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        inode.and_then(|inode| inode.parse().ok()).is_some_and(|inode| sockets.contains(&inode))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:170C 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0\n\
             1: 0100007F:170C 0100007F:9000 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0\n\
             2: 0100007F:170D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4244 1 0\n\
             3: cut\n";
        assert_eq!(listening(table, 5900), [4242]);
        assert_eq!(listening(table, 1), Vec::<u64>::new());
        assert_eq!(listening("", 5900), Vec::<u64>::new());
    }

    #[test]
    fn finds_this_process() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(process_at(listener.local_addr().unwrap()), Some(std::process::id()));
        // Set aside for documentation, and nobody's.
        assert_eq!(process_at("192.0.2.1:80".parse().unwrap()), None);
    }
}
