//! A project as one file in the format of `tar` (POSIX ustar).

use crate::project::File;

/// The size of a header; the content of a file is padded to a multiple of it.
const BLOCK: usize = 512;

/// The files as an archive that unpacks into `folder`. Paths and folders of projects are short ASCII.
pub fn archive(folder: &str, files: &[File]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, text) in files {
        archive.extend_from_slice(&header(folder, path, text.len()));
        archive.extend_from_slice(text.as_bytes());
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    // Two empty blocks end an archive.
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

fn header(folder: &str, path: &str, size: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, width: usize, text: &str| {
        for (place, byte) in header[at..at + width].iter_mut().zip(text.bytes()) {
            *place = byte;
        }
    };
    put(0, 100, path);
    put(100, 8, "0000644");
    // User, group and time are zero, so that the same journey gives the same bytes.
    put(108, 8, "0000000");
    put(116, 8, "0000000");
    put(124, 12, &format!("{size:011o}"));
    put(136, 12, "00000000000");
    // The checksum is computed as if its own field held blanks.
    put(148, 8, "        ");
    put(156, 1, "0");
    put(257, 8, "ustar\u{0}00");
    put(345, 155, folder);
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn tar_unpacks_what_was_packed() {
        let home = tempfile::tempdir().expect("a folder");
        let long = "app/src/main/kotlin/com/example/recovery/MainViewModel.kt";
        let files =
            [("README.md", "Zurück\n".repeat(100)), (long, String::new()), (".env", "A=1".into())];
        fs::write(home.path().join("it.tar"), archive("account-recovery", &files)).expect("a file");
        let done = Command::new("tar").arg("xf").arg("it.tar").current_dir(home.path()).output();
        let done = done.expect("tar runs");
        assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
        for (path, text) in &files {
            let found = fs::read_to_string(home.path().join("account-recovery").join(path));
            assert_eq!(&found.expect("the file"), text, "{path}");
        }
    }
}
