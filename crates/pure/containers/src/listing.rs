//! What `stat` says of files: `mode size time name`, with the mode in hexadecimal.

/// What an entry is. Others are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListedKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, a pipe, a socket, a link.
    Other,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<'a> {
    /// What it is.
    pub kind: ListedKind,
    /// Bytes; 0 unless it is a file.
    pub size: u64,
    /// When it was last changed, in seconds since 1970; 0 if before.
    pub modified_s: u64,
    /// Its name, without a `./` before it. Nothing has been checked of it.
    pub name: &'a str,
}

/// Reads a line of `stat -c '%f %s %Y %n'`; `None` for what is none.
pub fn listed(line: &str) -> Option<Listed<'_>> {
    let mut fields = line.splitn(4, ' ');
    let mode = u32::from_str_radix(fields.next()?, 16).ok()?;
    let size = fields.next()?.parse().ok()?;
    let modified: i64 = fields.next()?.parse().ok()?;
    let name = fields.next()?;
    let kind = match mode & 0o170_000 {
        0o100_000 => ListedKind::File,
        0o040_000 => ListedKind::Directory,
        _ => ListedKind::Other,
    };
    Some(Listed {
        kind,
        size: if kind == ListedKind::File { size } else { 0 },
        modified_s: u64::try_from(modified).unwrap_or_default(),
        name: name.strip_prefix("./").unwrap_or(name),
    })
}

#[cfg(test)]
mod tests {
    use super::{Listed, ListedKind, listed};

    #[test]
    fn reads_lines() {
        let (size, modified_s) = (12, 1_700_000_000);
        let file = Listed { kind: ListedKind::File, size, modified_s, name: "a b" };
        assert_eq!(listed("81a4 12 1700000000 ./a b"), Some(file));
        let folder = Listed { kind: ListedKind::Directory, size: 0, modified_s: 0, name: "..." };
        assert_eq!(listed("41ed 4096 -5 ./..."), Some(folder));
        assert_eq!(listed("a1ff 4 5 ./l").unwrap().kind, ListedKind::Other);
        for bad in ["", "x", "81a4 12", "81a4 12 5", "zz 1 2 n", "81a4 -1 2 n", "81a4 1 y n"] {
            assert_eq!(listed(bad), None, "{bad}");
        }
    }
}
