//! HdrHistogram V2 in base64, as other programs write it, and never more than it can hold.
//!
//! The decoder of the crate trusts the lengths that a file gives; so the bytes are unpacked and walked here
//! first. Format: HdrHistogram's `V2EncodedHistogram`, counts as ZigZag LEB128, negative for runs of zeros.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use crate::model::EvidenceError;

/// Some languages leave the padding off.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const COMPRESSED: [u8; 4] = 0x1c84_9314_u32.to_be_bytes();
const HEADER: usize = 40;
/// Six million counts is the most that the format can describe, and real ones need some ten thousand.
const UNPACKED_LIMIT: u64 = 16 * 1024 * 1024;

/// Holds the memory of histograms to a bound: 60 bytes of text can ask for 50 MB. Its clones share the bound, so that
/// all documents of one command can.
#[derive(Clone, Debug, Default)]
pub struct HistogramMemory {
    bytes: Arc<AtomicUsize>,
}

impl HistogramMemory {
    const LIMIT: usize = 1 << 30;

    /// As much as a real histogram is larger than its text: a file that is read holds that much itself.
    const FREE: usize = 256;

    /// `written` is the length of its text.
    pub(crate) fn add(
        &self,
        histogram: &Histogram<u64>,
        written: usize,
    ) -> Result<(), EvidenceError> {
        let bytes = histogram.distinct_values().saturating_mul(size_of::<u64>());
        self.take(bytes, written)
    }

    /// Takes this many bytes of the bound, for a text of the length `written`.
    pub(super) fn take(&self, bytes: usize, written: usize) -> Result<(), EvidenceError> {
        let bytes = bytes.saturating_sub(written.saturating_mul(Self::FREE));
        let grown = |taken: usize| {
            let sum = taken.saturating_add(bytes);
            (sum <= Self::LIMIT).then_some(sum)
        };
        match self.bytes.fetch_update(Relaxed, Relaxed, grown) {
            Ok(_) => Ok(()),
            Err(_) => Err(bad(
                "needs, with those before it, more than 1 GiB of memory",
            )),
        }
    }
}

fn bad(why: &str) -> EvidenceError {
    EvidenceError::BadHistogram(why.to_owned())
}

pub(crate) fn decode(text: &str) -> Result<Histogram<u64>, EvidenceError> {
    let packed = BASE64
        .decode(text.trim())
        .map_err(|error| bad(&format!("is not base64: {error}")))?;
    let plain = unpack(&packed)?;
    check(&plain)?;
    Deserializer::new()
        .deserialize(&mut plain.as_slice())
        .map_err(|error| bad(&format!("is not HdrHistogram V2: {error}")))
}

pub(super) fn encode(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    let written = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
    // Writing to memory does not fail, and a count above 2^63 cannot be reached by counting.
    debug_assert!(written.is_ok());
    BASE64.encode(bytes)
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, EvidenceError> {
    if !packed.starts_with(&COMPRESSED) {
        return Ok(packed.to_vec());
    }
    let (_, body) = packed
        .split_at_checked(8)
        .ok_or_else(|| bad("is cut off"))?;
    let mut plain = Vec::new();
    ZlibDecoder::new(body)
        .take(UNPACKED_LIMIT + 1)
        .read_to_end(&mut plain)
        .map_err(|error| bad(&format!("cannot be unpacked: {error}")))?;
    if u64::try_from(plain.len()).is_ok_and(|n| n > UNPACKED_LIMIT) {
        return Err(bad("is larger than any real one"));
    }
    Ok(plain)
}

/// The lengths and counts that the decoder would trust.
fn check(plain: &[u8]) -> Result<(), EvidenceError> {
    let (header, counts) = plain
        .split_at_checked(HEADER)
        .ok_or_else(|| bad("is cut off"))?;
    let length = header
        .get(4..8)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u32::from_be_bytes)
        .and_then(|length| usize::try_from(length).ok());
    let counts = length
        .and_then(|length| counts.get(..length))
        .ok_or_else(|| bad("is cut off"))?;
    let mut total = 0_i64;
    let mut rest = counts;
    while !rest.is_empty() {
        let (encoded, after) = varint(rest).ok_or_else(|| bad("is cut off"))?;
        rest = after;
        // ZigZag: even numbers are counts, odd ones runs of zeros.
        if encoded == u64::MAX {
            return Err(bad("holds an impossible count"));
        }
        if encoded % 2 == 0 {
            total = i64::try_from(encoded / 2)
                .ok()
                .and_then(|count| total.checked_add(count))
                .ok_or_else(|| bad("counts more than can be"))?;
        }
    }
    Ok(())
}

/// LEB128 with at most nine bytes, the ninth whole.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for position in 0..9 {
        let byte = u64::from(*bytes.get(position)?);
        let last = position == 8;
        let part = if last { byte } else { byte & 0x7f };
        value |= part << (7 * position);
        if last || byte < 0x80 {
            return bytes.get(position + 1..).map(|rest| (value, rest));
        }
    }
    None
}
