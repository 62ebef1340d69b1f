//! Bodies that were compressed on their way, made plain for whoever looks at them. What was received is counted as it
//! was sent.

use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write;

use crate::load::http::{Failure, FailureKind, Response};

/// A small answer may become one that fills all memory.
const MOST: u64 = 256 * 1024 * 1024;

/// The answer as people read it; as it is where it cannot be made plain.
pub fn plain_answer(answer: &Response) -> Response {
    let plain = decoded(answer).ok().flatten();
    plain.unwrap_or_else(|| answer.clone())
}

/// In which codings the body came, in lower case.
fn codings(answer: &Response) -> Option<String> {
    let mut headers = answer.headers.iter();
    let (_, codings) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))?;
    Some(String::from_utf8_lossy(codings).to_ascii_lowercase())
}

/// The answer with a plain body; nothing where it was not compressed, or where its headers are not known.
pub(super) fn decoded(answer: &Response) -> Result<Option<Response>, Failure> {
    // What was heard while it came is plain already.
    let found = codings(answer).filter(|_| !answer.body.is_empty() && answer.stream.is_none());
    let Some(codings) = found else {
        return Ok(None);
    };
    let mut body = answer.body.clone();
    // The last one was applied last (RFC 9110, 8.4).
    for coding in codings.rsplit(',').map(str::trim) {
        body = match coding {
            "" | "identity" => body,
            coding => plain(coding, &body)?,
        };
    }
    Ok(Some(Response {
        body,
        ..answer.clone()
    }))
}

fn plain(coding: &str, body: &[u8]) -> Result<Bytes, Failure> {
    let mut out = Vec::new();
    let mut read = |decoder: &mut dyn Read| decoder.take(MOST + 1).read_to_end(&mut out);
    let read = match coding {
        "gzip" | "x-gzip" => read(&mut MultiGzDecoder::new(body)),
        // The standard means zlib, and some services send what is inside of it.
        "deflate" if is_zlib(body) => read(&mut ZlibDecoder::new(body)),
        "deflate" => read(&mut DeflateDecoder::new(body)),
        "br" => read(&mut brotli_decompressor::Decompressor::new(body, BUFFER)),
        other => return Err(not_read(other)),
    };
    match read {
        Ok(_) if u64::try_from(out.len()).unwrap_or(u64::MAX) > MOST => {
            let what = format!("the body is larger than {MOST} bytes, once it is plain");
            Err(Failure::new(FailureKind::Check, what))
        }
        Ok(_) => Ok(Bytes::from(out)),
        Err(why) => {
            let what = format!("the body is no {coding}: {why}");
            Err(Failure::new(FailureKind::Check, what))
        }
    }
}

fn not_read(coding: &str) -> Failure {
    let what = format!(
        "the body is in `{}`, which is not read",
        coding.escape_debug()
    );
    Failure::new(FailureKind::Check, what)
}

/// Makes a body plain while it comes.
pub enum StreamDecoder {
    Plain,
    Gzip(Box<write::MultiGzDecoder<Vec<u8>>>),
    Zlib(Box<write::ZlibDecoder<Vec<u8>>>),
    Brotli(Box<brotli_decompressor::DecompressorWriter<Vec<u8>>>),
}

impl StreamDecoder {
    /// The decoder of the body of this answer.
    pub fn of(answer: &Response) -> Result<Self, Failure> {
        Ok(match codings(answer).as_deref().map_or("", str::trim) {
            "" | "identity" => Self::Plain,
            "gzip" | "x-gzip" => Self::Gzip(Box::new(write::MultiGzDecoder::new(Vec::new()))),
            "deflate" => Self::Zlib(Box::new(write::ZlibDecoder::new(Vec::new()))),
            "br" => {
                let decoder = brotli_decompressor::DecompressorWriter::new(Vec::new(), BUFFER);
                Self::Brotli(Box::new(decoder))
            }
            other => return Err(not_read(other)),
        })
    }

    /// As much of a piece as the service has flushed; `None` where it is plain as it came.
    pub fn piece(&mut self, piece: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        fn through<W: Write>(
            decoder: &mut W,
            piece: &[u8],
            out: impl FnOnce(&mut W) -> &mut Vec<u8>,
        ) -> io::Result<Vec<u8>> {
            decoder.write_all(piece)?;
            decoder.flush()?;
            Ok(std::mem::take(out(decoder)))
        }
        let plain = match self {
            Self::Plain => return Ok(None),
            Self::Gzip(decoder) => through(&mut **decoder, piece, |decoder| decoder.get_mut()),
            Self::Zlib(decoder) => through(&mut **decoder, piece, |decoder| decoder.get_mut()),
            Self::Brotli(decoder) => through(&mut **decoder, piece, |decoder| decoder.get_mut()),
        };
        plain.map(Some).map_err(|why| {
            let what = format!("the body is not in the coding that its head names: {why}");
            Failure::new(FailureKind::Check, what)
        })
    }
}

/// How much the decoder of Brotli reads at once.
const BUFFER: usize = 16 * 1024;

/// The first two bytes of zlib (RFC 1950, 2.2).
fn is_zlib(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => {
            let both = u16::from_be_bytes([*method, *flags]);
            method & 0x0f == 8 && both.is_multiple_of(31)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    const PLAIN: &[u8] = br#"{"name": "tea", "name": "tea"}"#;

    fn answer(coding: &str, body: Vec<u8>) -> Response {
        Response {
            headers: vec![(
                "content-encoding".to_owned(),
                Bytes::copy_from_slice(coding.as_bytes()),
            )],
            body: body.into(),
            ..Response::default()
        }
    }

    fn packed(mut encoder: impl Read) -> Vec<u8> {
        let mut out = Vec::new();
        encoder.read_to_end(&mut out).unwrap();
        out
    }

    fn body(coding: &str, packed: Vec<u8>) -> Result<Bytes, String> {
        let decoded = decoded(&answer(coding, packed));
        decoded.map(|one| one.unwrap().body).map_err(|why| why.what)
    }

    #[test]
    fn every_coding_that_services_use_is_made_plain() {
        let best = Compression::best;
        let gzip = packed(GzEncoder::new(PLAIN, best()));
        for (coding, bytes) in [
            ("gzip", gzip.clone()),
            ("GZIP", gzip.clone()),
            ("deflate", packed(ZlibEncoder::new(PLAIN, best()))),
            ("deflate", packed(DeflateEncoder::new(PLAIN, best()))),
            ("identity", PLAIN.to_vec()),
            (
                "deflate, gzip",
                packed(GzEncoder::new(
                    &*packed(ZlibEncoder::new(PLAIN, best())),
                    best(),
                )),
            ),
        ] {
            assert_eq!(body(coding, bytes).as_deref(), Ok(PLAIN), "{coding}");
        }
        // zlib.brotliCompressSync of Node 20, of "a cup of tea " 300 times.
        let br = vec![
            27, 59, 15, 248, 29, 9, 54, 78, 114, 187, 198, 226, 81, 13, 18, 102, 6, 55, 199, 222,
            232, 170, 172, 46, 14, 140, 6, 78, 55, 0, 136, 215, 44,
        ];
        let tea = "a cup of tea ".repeat(300);
        assert_eq!(body("br", br).as_deref(), Ok(tea.as_bytes()));
        assert!(
            body("gzip", PLAIN.to_vec())
                .unwrap_err()
                .starts_with("the body is no gzip")
        );
        assert!(body("zstd", gzip).unwrap_err().contains("`zstd`"));
        assert_eq!(decoded(&Response::default()), Ok(None));
    }

    #[test]
    fn a_body_is_plain_as_soon_as_it_was_flushed() {
        let parts = ["data: one\n\n", "data: two\n\n", "data: three\n\n"];
        let packs: [(&str, Vec<Vec<u8>>); 2] = [
            ("gzip", {
                let mut packer = write::GzEncoder::new(Vec::new(), Compression::fast());
                flushed(&mut packer, &parts, |packer| {
                    std::mem::take(packer.get_mut())
                })
            }),
            ("deflate", {
                let mut packer = write::ZlibEncoder::new(Vec::new(), Compression::fast());
                flushed(&mut packer, &parts, |packer| {
                    std::mem::take(packer.get_mut())
                })
            }),
        ];
        for (coding, pieces) in packs {
            let mut decoder = StreamDecoder::of(&answer(coding, Vec::new())).unwrap();
            for (piece, part) in pieces.iter().zip(parts) {
                let (begin, end) = piece.split_at(piece.len() / 2);
                let mut plain = decoder.piece(begin).unwrap().unwrap();
                plain.extend(decoder.piece(end).unwrap().unwrap());
                assert_eq!(String::from_utf8_lossy(&plain), part, "{coding}");
            }
        }
        // The same bytes as above: Brotli is plain at its end, where its service does not flush.
        let br = [
            27, 59, 15, 248, 29, 9, 54, 78, 114, 187, 198, 226, 81, 13, 18, 102, 6, 55, 199, 222,
            232, 170, 172, 46, 14, 140, 6, 78, 55, 0, 136, 215, 44,
        ];
        let mut decoder = StreamDecoder::of(&answer("br", Vec::new())).unwrap();
        let mut plain = decoder.piece(&br[..10]).unwrap().unwrap();
        plain.extend(decoder.piece(&br[10..]).unwrap().unwrap());
        assert_eq!(String::from_utf8_lossy(&plain), "a cup of tea ".repeat(300));

        for coding in ["", "identity"] {
            let mut decoder = StreamDecoder::of(&answer(coding, Vec::new())).unwrap();
            assert_eq!(decoder.piece(b"x"), Ok(None));
        }
        let mut wrong = StreamDecoder::of(&answer("gzip", Vec::new())).unwrap();
        assert!(wrong.piece(b"data: not packed at all\n\n").is_err());
        let why = StreamDecoder::of(&answer("zstd", Vec::new()))
            .err()
            .unwrap();
        assert!(why.what.contains("`zstd`"), "{why}");
    }

    /// The bytes that each part adds.
    fn flushed<W: Write>(
        packer: &mut W,
        parts: &[&str],
        took: impl Fn(&mut W) -> Vec<u8>,
    ) -> Vec<Vec<u8>> {
        let each = parts.iter().map(|part| {
            packer.write_all(part.as_bytes()).unwrap();
            packer.flush().unwrap();
            took(packer)
        });
        each.collect()
    }
}
