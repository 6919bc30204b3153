//! With the program itself, which `cargo xtask setup` installs.

use porthole_files::{File, Limits, SandboxedDir, Store as _, StorePath, WriteMode};

use super::Ghostscript;
use crate::{Document, PrintError, make_pdf};

const LIMITS: Limits = Limits { bytes: 1 << 30, entries: 100, file_bytes: 1 << 28 };

const PAGES: &str = "%!PS-Adobe-3.0\n%%Title: (Two pages)\n\
    /Helvetica findfont 24 scalefont setfont\n\
    72 700 moveto (first) show showpage 72 700 moveto (second) show showpage\n";

async fn print(
    ghostscript: Option<&Ghostscript>,
    job: &[u8],
) -> Result<(Document, Vec<u8>), PrintError> {
    let folder = tempfile::tempdir().unwrap();
    let store = SandboxedDir::open(folder.path(), &StorePath::ROOT, false, LIMITS).unwrap();
    std::fs::write(folder.path().join("job"), job).unwrap();
    let file = |name| StorePath::new(name).unwrap();
    let job_file = store.open_read(&file("job")).await.unwrap();
    let pdf: Box<dyn File> = store.open_write(&file("pdf"), WriteMode::New).await.unwrap();
    let document = make_pdf(ghostscript, &*job_file, job.len() as u64, &*pdf).await?;
    let content = std::fs::read(folder.path().join("pdf")).unwrap();
    Ok((document, content))
}

fn installed() -> Ghostscript {
    Ghostscript::find(&std::env::var_os("PATH").unwrap()).expect("run `cargo xtask setup`")
}

/// How many pages a file of Ghostscript's has.
fn pages(pdf: &[u8]) -> usize {
    String::from_utf8_lossy(pdf).matches("/Type/Page/").count()
}

#[tokio::test]
async fn post_script_becomes_pdf() {
    let (document, pdf) = print(Some(&installed()), PAGES.as_bytes()).await.unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert_eq!(pages(&pdf), 2);
    let title = Some("Two pages".to_owned());
    assert_eq!(document, Document { size: pdf.len() as u64, title });
    // Behind a printer's own commands.
    let wrapped = format!("\x1b%-12345X@PJL ENTER LANGUAGE=POSTSCRIPT\n{PAGES}");
    assert_eq!(pages(&print(Some(&installed()), wrapped.as_bytes()).await.unwrap().1), 2);
}

#[tokio::test]
async fn pdf_passes_as_it_is() {
    let job = b"%PDF-1.4 whatever follows";
    let (document, pdf) = print(None, job).await.unwrap();
    assert_eq!((document.size, &pdf[..]), (job.len() as u64, &job[..]));
}

#[tokio::test]
async fn jobs_read_and_write_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("made");
    for program in [
        "(/etc/passwd) (r) file pop showpage".to_owned(),
        format!("({}) (w) file (x) writestring showpage", place.display()),
        format!("(%pipe%touch {}) (w) file pop showpage", place.display()),
        format!("({}/x/../made) (w) file pop showpage", folder.path().display()),
    ] {
        let error = print(Some(&installed()), format!("%!PS\n{program}\n").as_bytes()).await;
        assert!(matches!(error, Err(PrintError::Failed { .. })), "{program}: {error:?}");
    }
    // This is not even an error; the document goes where it should.
    let program = format!("%!PS\n<< /OutputFile ({}) >> setpagedevice showpage", place.display());
    assert_eq!(pages(&print(Some(&installed()), program.as_bytes()).await.unwrap().1), 1);
    assert!(!place.exists());
}

#[tokio::test]
async fn what_programs_say_is_not_part_of_the_document() {
    let job = format!("{PAGES}(not a document) print\n");
    let (_, pdf) = print(Some(&installed()), job.as_bytes()).await.unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(!String::from_utf8_lossy(&pdf).contains("not a document"));
}

#[tokio::test]
async fn what_cannot_be_printed_is_refused() {
    let cause = async |ghostscript: Option<&Ghostscript>, job: &[u8]| {
        print(ghostscript, job).await.unwrap_err().cause()
    };
    assert_eq!(cause(None, PAGES.as_bytes()).await, "no_ghostscript");
    assert_eq!(cause(None, b"\x1bE plain text").await, "not_printable");
    let gs = installed();
    assert_eq!(cause(Some(&gs), b"%!PS\nno such operator\n").await, "ghostscript_failed");
    // More memory than it may have.
    let greedy = b"%!PS\n/a [] def { /a [ a 10000000 array ] def } loop\n";
    assert_eq!(cause(Some(&gs), greedy).await, "ghostscript_failed");
    // More temporary files, and larger ones.
    let hoarder =
        b"%!PS\n/s 65535 string def /f (.x) (w) .tempfile exch pop def { f s writestring } loop\n";
    let error = print(Some(&gs), hoarder).await.unwrap_err();
    assert!(matches!(error.cause(), "too_large" | "ghostscript_failed"), "{error}");
    assert!(Ghostscript::find(std::ffi::OsStr::new("/nonexistent:relative")).is_none());
}
