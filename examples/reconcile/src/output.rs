//! What is left for people: a text, a table, and a page with a picture.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wxpay_bill::reconcile::Report;

use crate::page::{self, Facts};
use crate::picture::Picture;

/// Writes `report.txt`, `differences.csv` and `day.html` into a folder, and says where.
pub(crate) fn write(
    folder: &Path,
    facts: &Facts<'_>,
    picture: &Picture,
    report: &Report,
) -> Result<Vec<PathBuf>> {
    let html = page::day(facts, picture, report)?;
    let mut table = Vec::new();
    report.write_csv(&mut table)?;
    let files = [
        ("report.txt", format!("{report:#}").into_bytes()),
        ("differences.csv", table),
        ("day.html", html.into_bytes()),
    ];
    let mut written = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        let mut file = create(&path)?;
        file.write_all(&content)
            .and_then(|()| file.flush())
            .with_context(|| format!("cannot write {}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// Makes a file, and the folder it is in.
pub(crate) fn create(path: &Path) -> Result<BufWriter<File>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::new(file))
}
