//! Reads a body in chunks (RFC 9112, 7.1), piece by piece as it arrives. Pure.

/// The part of the body to which the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChunkState {
    /// The digits of a size; `some` says whether there was a digit already.
    Size {
        some: bool,
    },
    /// After the digits, up to the end of the line.
    Extension,
    Data,
    DataEnd,
    /// The trailers; `start` says whether the next byte begins a line.
    Trailer {
        start: bool,
    },
    End,
}

#[derive(Debug)]
pub struct Chunked {
    at: ChunkState,
    left: u64,
    /// The number of bytes other than data since the last chunk, which is limited so that no server can send an endless
    /// line.
    overhead: usize,
}

const MOST_OVERHEAD: usize = 64 * 1024;

/// The result of one step.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Part of the body.
    Data(&'a [u8]),
    /// All bytes were read, and the body goes on.
    More,
    /// The body has ended; these bytes come after it.
    End(&'a [u8]),
}

impl Chunked {
    pub fn new() -> Self {
        Self {
            at: ChunkState::Size { some: false },
            left: 0,
            overhead: 0,
        }
    }

    /// Reads the next piece; `bytes` is moved forward past what was used.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Piece<'a>, &'static str> {
        loop {
            if self.at == ChunkState::End {
                return Ok(Piece::End(bytes));
            }
            if self.at == ChunkState::Data && self.left > 0 {
                return Ok(self.data(bytes));
            }
            let Some((&byte, rest)) = bytes.split_first() else {
                return Ok(Piece::More);
            };
            *bytes = rest;
            self.overhead += 1;
            if self.overhead > MOST_OVERHEAD {
                return Err("a chunk's line or trailers of more than 64 KiB");
            }
            self.at = self.step(byte)?;
        }
    }

    fn data<'a>(&mut self, bytes: &mut &'a [u8]) -> Piece<'a> {
        if bytes.is_empty() {
            return Piece::More;
        }
        let here = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (data, rest) = bytes.split_at_checked(here).unwrap_or((bytes, &[]));
        *bytes = rest;
        self.left -= u64::try_from(data.len()).unwrap_or(self.left);
        self.overhead = 0;
        if self.left == 0 {
            self.at = ChunkState::DataEnd;
        }
        Piece::Data(data)
    }

    fn step(&mut self, byte: u8) -> Result<ChunkState, &'static str> {
        match (self.at, byte) {
            (ChunkState::Size { .. }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                self.left = self
                    .left
                    .checked_mul(16)
                    .ok_or("a chunk size too large for any machine")?
                    | u64::from(digit);
                Ok(ChunkState::Size { some: true })
            }
            (ChunkState::Size { some: true }, b';' | b' ' | b'\t' | b'\r') => {
                Ok(ChunkState::Extension)
            }
            (ChunkState::Size { some: true } | ChunkState::Extension, b'\n') => {
                Ok(match self.left {
                    0 => ChunkState::Trailer { start: true },
                    _ => ChunkState::Data,
                })
            }
            (ChunkState::Size { .. }, _) => Err("a chunk size that is no hexadecimal number"),
            (ChunkState::Extension, _) => Ok(ChunkState::Extension),
            (ChunkState::DataEnd, b'\r') => Ok(ChunkState::DataEnd),
            (ChunkState::DataEnd, b'\n') => Ok(ChunkState::Size { some: false }),
            (ChunkState::DataEnd, _) => Err("a chunk longer than its size"),
            (ChunkState::Trailer { start: true }, b'\n') => Ok(ChunkState::End),
            (ChunkState::Trailer { start }, b'\r') => Ok(ChunkState::Trailer { start }),
            (ChunkState::Trailer { .. }, b'\n') => Ok(ChunkState::Trailer { start: true }),
            (ChunkState::Trailer { .. }, _) => Ok(ChunkState::Trailer { start: false }),
            (ChunkState::Data | ChunkState::End, _) => Ok(self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A body and the bytes after it.
    type Whole = (Vec<u8>, Vec<u8>);

    /// Reads a body from pieces of any size; `None` where it has not ended.
    fn read(pieces: &[&[u8]]) -> Result<Option<Whole>, &'static str> {
        let mut chunked = Chunked::new();
        let mut body = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            let mut bytes = *piece;
            loop {
                match chunked.next(&mut bytes)? {
                    Piece::Data(data) => body.extend_from_slice(data),
                    Piece::More => break,
                    Piece::End(rest) => {
                        let mut rest = rest.to_vec();
                        pieces[number + 1..].iter().for_each(|p| rest.extend(*p));
                        return Ok(Some((body, rest)));
                    }
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn extensions_and_trailers_are_no_part_of_the_body() {
        let text = b"4;name=\"v\"\r\nwiki\r\n05 \r\npedia\r\n0\r\nexpires: 0\r\n\r\nHTTP";
        assert_eq!(
            read(&[text]).unwrap(),
            Some((b"wikipedia".to_vec(), b"HTTP".to_vec()))
        );
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        for bad in [
            &b"\r\n"[..],
            b"-4\r\nwiki\r\n",
            b"xyz\r\n",
            b"4\r\nwikipedia\r\n",
            b"ffffffffffffffff0\r\n",
        ] {
            assert!(read(&[bad]).is_err(), "{:?}", String::from_utf8_lossy(bad));
        }
        let endless = [b"1;".to_vec(), vec![b'x'; 2 * MOST_OVERHEAD]].concat();
        assert!(read(&[&endless]).is_err());
        assert_eq!(read(&[b"5\r\nab"]).unwrap(), None);
    }

    proptest! {
        #[test]
        fn a_body_is_the_same_however_it_is_cut(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let mut text = Vec::new();
            for chunk in &chunks {
                text.extend(format!("{:X}\r\n", chunk.len()).into_bytes());
                text.extend(chunk);
                text.extend(b"\r\n");
            }
            text.extend(b"0\r\n\r\n");
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
            at.extend([0, text.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&pieces).unwrap(), Some((chunks.concat(), Vec::new())));
        }

        #[test]
        fn no_bytes_stop_the_program(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&[&bytes]).ok();
        }
    }
}
