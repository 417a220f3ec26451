//! Packs the built dashboard. Without Node there is none, and the binary carries
//! a page that says how to get it: `cargo build` works all the same.
//!
//! Every file is packed with gzip, once, and so it is served: browsers unpack it, and the
//! binary is half a megabyte smaller.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

const WITHOUT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Prahari</title></head><body><p>This build has no dashboard. <code>make build</code> makes one that has. The API works: <a href=\"/api/docs\">/api/docs</a></p></body></html>";

fn main() -> io::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo::rerun-if-changed={}", built.display());
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script its folder this way"
    )]
    let packed = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("dashboard");
    if packed.exists() {
        fs::remove_dir_all(&packed)?;
    }
    if built.join("index.html").exists() {
        pack_folder(&built, &packed)?;
    } else {
        fs::create_dir_all(&packed)?;
        pack(WITHOUT.as_bytes(), &packed.join("index.html"))?;
    }
    println!("cargo::rustc-env=PRAHARI_WEB_DIST={}", packed.display());
    Ok(())
}

fn pack_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            pack_folder(&entry.path(), &target)?;
        } else {
            pack(&fs::read(entry.path())?, &target)?;
        }
    }
    Ok(())
}

fn pack(content: &[u8], to: &Path) -> io::Result<()> {
    let mut packer = GzEncoder::new(fs::File::create(to)?, Compression::best());
    packer.write_all(content)?;
    packer.finish().map(drop)
}
