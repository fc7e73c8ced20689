//! Clocks that a test moves: a process under it believes that days have passed. The product has no switch for that; `clock.c` goes between
//! it and the C library.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// One clock, read by any number of processes.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    file: Arc<File>,
    path: PathBuf,
    shim: PathBuf,
}

impl Clock {
    /// A clock that goes right, in a file of its own; `shim` is `clock.c`, built.
    pub(super) fn new(path: &Path, shim: &Path) -> Self {
        let file = File::options().create_new(true).read(true).write(true).open(path).unwrap();
        let clock = Self { file: Arc::new(file), path: path.to_owned(), shim: shim.to_owned() };
        clock.set(0);
        clock
    }

    /// How far it is ahead of the machine's, in milliseconds.
    pub(crate) fn ahead_ms(&self) -> i64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, 0).unwrap();
        i64::from_ne_bytes(bytes)
    }

    pub(super) fn set(&self, ahead_ms: i64) {
        self.file.write_all_at(&ahead_ms.to_ne_bytes(), 0).unwrap();
    }

    /// A process that is started with these goes by this clock.
    pub(crate) fn environment(&self) -> [(&'static str, &Path); 2] {
        [("LD_PRELOAD", &self.shim), ("ANJU_TEST_CLOCK", &self.path)]
    }

    pub(super) fn given_to(&self, command: &mut Command) {
        command.envs(self.environment());
    }
}
