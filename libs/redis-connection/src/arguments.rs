//! The arguments of a script. One buffer holds all of them, since each request has a dozen.

use std::fmt::Display;
use std::io::Write as _;

use redis::{RedisWrite, ToRedisArgs};

/// A list of arguments of any bytes.
#[derive(Default)]
pub struct Arguments {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Arguments {
    /// Adds bytes.
    #[must_use]
    pub fn bytes(mut self, argument: impl AsRef<[u8]>) -> Self {
        self.bytes.extend_from_slice(argument.as_ref());
        self.ends.push(self.bytes.len());
        self
    }

    /// Adds a number in decimal.
    #[must_use]
    pub fn number(mut self, number: impl Display) -> Self {
        write!(self.bytes, "{number}").expect("memory takes whatever is written");
        self.ends.push(self.bytes.len());
        self
    }

    /// Adds a number in decimal, or an empty argument for none.
    #[must_use]
    pub fn maybe_number(self, number: Option<impl Display>) -> Self {
        match number {
            Some(number) => self.number(number),
            None => self.bytes(""),
        }
    }

    /// The number of arguments and of bytes.
    pub(crate) const fn size(&self) -> (usize, usize) {
        (self.ends.len(), self.bytes.len())
    }
}

impl ToRedisArgs for Arguments {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        let mut begin = 0;
        for end in &self.ends {
            out.write_arg(&self.bytes[begin..*end]);
            begin = *end;
        }
    }

    fn num_of_args(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_argument_ends_where_the_next_begins() {
        let arguments = Arguments::default().bytes("").number(-7).bytes([0, 255]).bytes("");
        let expected: [&[u8]; 4] = [b"", b"-7", &[0, 255], b""];
        assert_eq!(arguments.to_redis_args(), expected);
        assert_eq!((arguments.num_of_args(), arguments.size()), (4, (4, 4)));
        assert!(Arguments::default().to_redis_args().is_empty());
    }
}
