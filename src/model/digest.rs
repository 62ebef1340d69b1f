//! A short name for a long content: the same on every machine and in every version.

use std::fmt::Write;

use sha2::{Digest as _, Sha256};

/// SHA-256 over fields, each written with its length, so that no two lists of fields are the same bytes.
#[derive(Clone, Debug, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// `purpose` says what is digested, with the version of the way in which it is written.
    pub fn new(purpose: &str) -> Self {
        let mut digest = Self::default();
        digest.field(purpose.as_bytes());
        digest
    }

    pub fn field(&mut self, content: &[u8]) {
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_le_bytes());
        self.0.update(content);
    }

    /// 64 hexadecimal digits.
    pub fn hex(self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in self.0.finalize() {
            // Writing into a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// Enough digits to tell two contents apart for a reader.
    pub fn short(self) -> String {
        let mut hex = self.hex();
        hex.truncate(8);
        hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_known_bytes_is_the_published_one() {
        // FIPS 180-4: what stands in front of a field is its length.
        let mut digest = Digest::default();
        digest.0.update(b"abc");
        assert_eq!(
            digest.hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn fields_are_not_run_together() {
        let of = |fields: &[&str]| {
            let mut digest = Digest::new("test 1");
            fields
                .iter()
                .for_each(|field| digest.field(field.as_bytes()));
            digest.hex()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    }
}
