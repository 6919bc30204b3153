//! The file-size rule: aim for 300 lines of code, give a reason over 500, never reach 800.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Lines of code at which a file is named, but passes.
const LARGE_LINES: usize = 500;

/// Lines of code at which a file fails.
const MAX_LINES: usize = 800;

/// A comment with this text in the first lines of a file marks it as a table, which may be long.
const TABLE_MARK: &str = "xtask: table";

/// How many lines from the top [`TABLE_MARK`] is looked for.
const MARK_LINES: usize = 10;

/// Folders that hold nothing written by hand.
const SKIPPED: &[&str] =
    &["target", "node_modules", "dist", "vectors", "corpus", "artifacts", "results"];

const EXTENSIONS: &[&str] = &["rs", "ts", "mts", "js", "mjs"];

/// Checks every source file of the clone.
///
/// # Errors
///
/// A file is too long, or cannot be read.
pub(crate) fn check() -> Result<()> {
    let root = workspace::root();
    let mut files = Vec::new();
    find_sources(&root, &mut files)?;
    let mut too_long = Vec::new();
    for path in &files {
        let source = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let shown = path.strip_prefix(&root).unwrap_or(path).display();
        match count_code_lines(&source) {
            _ if is_table(&source) => {}
            count if count >= MAX_LINES => too_long.push(format!("{shown}: {count}")),
            count if count >= LARGE_LINES => {
                println!(
                    "warning: {shown} has {count} lines of code; over {LARGE_LINES} needs a reason"
                );
            }
            _ => {}
        }
    }
    if !too_long.is_empty() {
        bail!("files of {MAX_LINES} lines of code or more:\n  {}", too_long.join("\n  "));
    }
    println!("{} source files are shorter than {MAX_LINES} lines of code", files.len());
    Ok(())
}

fn find_sources(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
                find_sources(&path, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
        {
            files.push(path);
        }
    }
    Ok(())
}

fn is_table(source: &str) -> bool {
    source.lines().take(MARK_LINES).any(|line| line.contains(TABLE_MARK))
}

/// Lines that are neither blank nor wholly comment.
fn count_code_lines(source: &str) -> usize {
    let mut in_comment = false;
    let mut count = 0;
    for line in source.lines().map(str::trim) {
        if in_comment || line.starts_with("/*") {
            in_comment = !line.contains("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_code_and_nothing_else() {
        let cases = [
            ("empty", "", 0),
            ("line comments", "// a\n/// b\n//! c\n\n", 0),
            ("block comment", "/**\n * a\n */\ncode\n/* one */\ncode // why\n", 2),
            ("code", "fn main() {\n}\n", 2),
        ];
        for (name, source, want) in cases {
            assert_eq!(count_code_lines(source), want, "{name}");
        }
    }

    #[test]
    fn tables_say_so_near_the_top() {
        assert!(is_table("//! Keysyms.\n// xtask: table\n"));
        assert!(!is_table(&format!("{}// xtask: table\n", "\n".repeat(MARK_LINES))));
    }
}
