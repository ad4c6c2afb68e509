// SPDX-License-Identifier: Apache-2.0
use std::{fs, io, path::Path, path::PathBuf};

/// Every .proto file under a folder.
fn protos(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            protos(&path, found)?;
        } else if path.extension().map_or(false, |e| e == "proto") {
            found.push(path);
        }
    }
    found.sort();
    Ok(())
}

fn main() -> io::Result<()> {
    let root = Path::new("../../../proto");
    let mut files = Vec::new();
    protos(&root.join("mltrainer"), &mut files)?;
    println!("cargo:rerun-if-changed={}", root.join("mltrainer").display());
    tonic_build::configure().build_server(false).compile(&files, &[root])
}
