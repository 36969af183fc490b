//! A script, as a connection runs it.

/// The commands that run a script: by its hash, and in full.
type Commands = [&'static str; 2];

/// For scripts that write.
const WRITING: Commands = ["EVALSHA", "EVAL"];

/// For scripts that only read, of a user that has no right to write.
const READING: Commands = ["EVALSHA_RO", "EVAL_RO"];

/// A script and the hash by which a server identifies it.
pub struct Script {
    /// Its name in traces and metrics.
    pub name: &'static str,
    /// Its text, with the preludes that it starts with.
    pub source: &'static str,
    pub(crate) hash: String,
    pub(crate) commands: Commands,
}

impl Script {
    /// A script that writes.
    pub fn writing(name: &'static str, source: &'static str) -> Self {
        Self::new(name, source, WRITING)
    }

    /// A script that only reads: a user without the right to write can run it.
    pub fn reading(name: &'static str, source: &'static str) -> Self {
        Self::new(name, source, READING)
    }

    fn new(name: &'static str, source: &'static str, commands: Commands) -> Self {
        let hash = redis::Script::new(source).get_hash().to_owned();
        Self { name, source, hash, commands }
    }
}
