//! What a job begins with: its language, and what its document is called.

/// How much of a job is looked at.
pub(crate) const HEAD_MAX_BYTES: usize = 8 << 10;

/// Printers' own commands may come before the document, so far.
const PREFIX_MAX_BYTES: usize = 4 << 10;

/// Longest title that is passed on.
pub const TITLE_MAX_CHARACTERS: usize = 80;

/// What a job is written in, and from which byte on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Language {
    PostScript(usize),
    Pdf(usize),
}

/// The language of a job that begins with `head`.
pub(crate) fn language(head: &[u8]) -> Option<Language> {
    let head = head.get(..PREFIX_MAX_BYTES).unwrap_or(head);
    let pdf = find(head, b"%PDF-").map(Language::Pdf);
    let post_script = find(head, b"%!").map(Language::PostScript);
    match (pdf, post_script) {
        (Some(Language::Pdf(pdf)), Some(Language::PostScript(other))) if other < pdf => {
            Some(Language::PostScript(other))
        }
        (pdf, post_script) => pdf.or(post_script),
    }
}

/// What a document in `PostScript` calls itself (Document Structuring Conventions 5.2, `%%Title`),
/// fit for a file's name: one line of letters, digits and plain signs, not empty.
pub fn title(head: &[u8]) -> Option<String> {
    let at = find(head, b"%%Title:")?;
    let line = head.get(at + 8..)?.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let line = String::from_utf8_lossy(line);
    let line = line.trim();
    let line = line.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(line);
    let fit = |character: char| {
        let is_plain = character.is_alphanumeric() || " -_.,()+&".contains(character);
        if is_plain { character } else { '_' }
    };
    let title: String = line.chars().map(fit).take(TITLE_MAX_CHARACTERS).collect();
    let title = title.trim_matches(|character: char| " ._".contains(character));
    (!title.is_empty()).then(|| title.to_owned())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::{Language, language, title};

    #[test]
    fn languages_are_told_apart() {
        assert_eq!(language(b"%!PS-Adobe-3.0\n"), Some(Language::PostScript(0)));
        assert_eq!(language(b"%PDF-1.7\n"), Some(Language::Pdf(0)));
        let wrapped = b"\x1b%-12345X@PJL ENTER LANGUAGE=POSTSCRIPT\n%!PS %PDF-";
        assert_eq!(language(wrapped), Some(Language::PostScript(40)));
        assert_eq!(language(b"\x1bE plain text"), None);
        assert_eq!(language(b""), None);
        assert_eq!(language(&[&[0; 5000][..], b"%!"].concat()), None);
    }

    #[test]
    fn titles_are_fit_for_names() {
        for (line, want) in [
            ("%%Title: (Test Page)\r\n", Some("Test Page")),
            ("%%Title: report.docx\n", Some("report.docx")),
            ("%%Title: (../../etc/passwd)\n", Some("etc_passwd")),
            ("%%Title: <script>alert(1)</script>\n", Some("script_alert(1)__script")),
            ("%%Title: (  )\n", None),
            ("%%Creator: x\n", None),
        ] {
            let head = format!("%!PS-Adobe-3.0\n{line}%%Pages: 1\n");
            assert_eq!(title(head.as_bytes()).as_deref(), want, "{line}");
        }
        let long = format!("%%Title: {}\n", "x".repeat(500));
        assert_eq!(title(long.as_bytes()).map(|title| title.len()), Some(80));
    }
}
