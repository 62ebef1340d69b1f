//! Bodies that were compressed on their way, made plain for whoever looks at them. What was received is counted as it
//! was sent.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::load::http::{Failure, FailureKind, Response};

/// A small answer may become one that fills all memory.
const MOST: u64 = 256 * 1024 * 1024;

/// The answer as people read it; as it is where it cannot be made plain.
pub fn plain_answer(answer: &Response) -> Response {
    let plain = decoded(answer).ok().flatten();
    plain.unwrap_or_else(|| answer.clone())
}

/// The answer with a plain body; nothing where it was not compressed, or where its headers are not known.
pub(super) fn decoded(answer: &Response) -> Result<Option<Response>, Failure> {
    let mut headers = answer.headers.iter();
    let found = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let Some((_, codings)) = found.filter(|_| !answer.body.is_empty()) else {
        return Ok(None);
    };
    let codings = String::from_utf8_lossy(codings).to_ascii_lowercase();
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
        other => {
            let what = format!(
                "the body is in `{}`, which is not read",
                other.escape_debug()
            );
            return Err(Failure::new(FailureKind::Check, what));
        }
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
}
