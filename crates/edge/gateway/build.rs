//! Packs the built web client into the binary: every file as it is, and compressed where that
//! makes it smaller; and names the scripts and styles that stand in the page itself by their
//! hashes, which the policy on scripts then allows.
//!
//! The client is read from `web-client/dist/site`, or from the directory that
//! `PORTHOLE_SITE_DIR` names, where `index.html` must be.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Files smaller than this fit one packet anyway.
const COMPRESS_MIN_BYTES: usize = 512;

fn main() -> Result<()> {
    println!("cargo::rerun-if-env-changed=PORTHOLE_SITE_DIR");
    let site = site_dir()?;
    println!("cargo::rerun-if-changed={}", site.display());
    if !site.join("index.html").is_file() {
        bail!("{} is missing: run `cargo xtask client`", site.join("index.html").display());
    }

    let mut files = Vec::new();
    collect(&site, &site, &mut files)?;
    files.sort();

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut table = String::from("&[\n");
    for (index, name) in files.iter().enumerate() {
        let source = site.join(name);
        println!("cargo::rerun-if-changed={}", source.display());
        let body = fs::read(&source).with_context(|| source.display().to_string())?;
        write_asset(&mut table, &out, index, name, &body)?;
    }
    table.push(']');
    fs::write(out.join("site.rs"), table)?;
    let page = fs::read_to_string(site.join("index.html"))?;
    let inline = format!("({:?}, {:?})", hashes(&page, "script")?, hashes(&page, "style")?);
    fs::write(out.join("inline.rs"), inline)?;
    Ok(())
}

/// The sources (CSP3 §2.3.1) of those elements of `page` that have no attribute: what stands in
/// them, letter by letter.
fn hashes(page: &str, element: &str) -> Result<String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut sources = String::new();
    for part in page.split(&open).skip(1) {
        let text = part.split_once(&close).with_context(|| format!("{open} has no end"))?.0;
        write!(sources, " 'sha256-{}'", STANDARD.encode(Sha256::digest(text)))?;
    }
    Ok(sources)
}

/// Where the built client is.
fn site_dir() -> Result<PathBuf> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let site = match env::var_os("PORTHOLE_SITE_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => manifest.join("../../../web-client/dist/site"),
    };
    if !site.is_dir() {
        // Watching what is not there makes Cargo look again once it is.
        println!("cargo::rerun-if-changed={}", site.display());
        bail!("{} is missing: run `cargo xtask client`", site.display());
    }
    Ok(site)
}

/// Adds the path of every file below `dir`, relative to `site` and with forward slashes.
fn collect(site: &Path, dir: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(site, &path, files)?;
            continue;
        }
        let name = path.strip_prefix(site)?.to_str().context("a file name is not UTF-8")?;
        // The manifest is for tools, not for browsers; source maps are too large to carry.
        let is_map = path.extension().is_some_and(|extension| extension == "map");
        if name != "manifest.json" && !is_map {
            files.push(name.to_owned());
        }
    }
    Ok(())
}

/// Writes the bodies of one file into `out` and its entry into `table`.
fn write_asset(
    table: &mut String,
    out: &Path,
    index: usize,
    name: &str,
    body: &[u8],
) -> Result<()> {
    let mut hash = String::new();
    for byte in Sha256::digest(body).iter().take(12) {
        write!(hash, "{byte:02x}")?;
    }
    let plain = write_body(out, &format!("{index}.plain"), body)?;
    let brotli = smaller(out, &format!("{index}.br"), body, &brotli(body)?)?;
    let gzip = smaller(out, &format!("{index}.gz"), body, &gzip(body)?)?;
    writeln!(
        table,
        "Asset {{ path: {path:?}, media_type: {media_type:?}, etag: {hash:?}, \
         immutable: {immutable}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},",
        path = format!("/{name}"),
        media_type = media_type(name),
        immutable = name.starts_with("assets/"),
    )?;
    Ok(())
}

/// An expression for `packed`, or for nothing when it saves too little.
fn smaller(out: &Path, file: &str, body: &[u8], packed: &[u8]) -> Result<String> {
    if body.len() < COMPRESS_MIN_BYTES || packed.len() * 10 > body.len() * 9 {
        return Ok("None".to_owned());
    }
    Ok(format!("Some({})", write_body(out, file, packed)?))
}

/// Writes `body` to `file` and returns the expression that reads it.
fn write_body(out: &Path, file: &str, body: &[u8]) -> Result<String> {
    fs::write(out.join(file), body)?;
    Ok(format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\"))"))
}

fn brotli(body: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    {
        let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, 11, 22);
        writer.write_all(body)?;
        writer.flush()?;
    }
    Ok(packed)
}

fn gzip(body: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, body, &mut packed)?;
    Ok(packed)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
