//! The bytes of one result, which may be read more than once, and which may be packed with gzip.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use flate2::bufread::MultiGzDecoder;

use super::head;
use super::watching::Watching;
use crate::hint::{self, WithHint};

/// For text in an encoding that cannot be told from its bytes.
pub(super) const CONVERT: &str =
    "convert it, naming its encoding (GBK here as an example): `iconv -f GBK -t UTF-8 OLD > NEW`";

pub(super) const CONVERT_UTF16: &str = "PowerShell's `>` writes UTF-16: use the tool's own output option, `| Out-File -Encoding utf8`, \
     or convert it: `iconv -f UTF-16 -t UTF-8 OLD > NEW`";

/// A longer line is no record of any tool.
const LINE_LIMIT: u64 = 16 * 1024 * 1024;
const BUFFER: usize = 256 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Opens a regular file, which every file of a result is: a pipe would be waited for, for ever where nobody writes.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = open_at_once(path)?;
    let found = file.metadata()?;
    if found.is_file() || found.is_dir() {
        // A folder says so itself when it is read.
        return Ok(file);
    }
    Err(io::Error::other("it is neither a file nor a folder"))
}

/// Opens whatever lies there, and does not wait where it is a pipe.
pub(super) fn open_at_once(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let at_once = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        options.custom_flags(at_once);
    }
    options.open(path)
}

/// Where the bytes of a result come from: a file, several that go on in each other, or memory.
#[derive(Clone, Copy, Debug)]
pub enum ResultBytes<'a> {
    /// With who is told how far it is read.
    File(&'a Path, &'a Watching),
    /// Files of which each goes on where the one before ends.
    Files(&'a [PathBuf], &'a Watching),
    Bytes(&'a [u8]),
}

/// How a stream of lines ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    /// The last line is no record, and no line break follows it: the writer was stopped.
    Cut,
}

impl<'a> ResultBytes<'a> {
    /// The bytes from the start, unpacked.
    pub(super) fn open(self) -> anyhow::Result<Box<dyn BufRead + 'a>> {
        let plain: Box<dyn BufRead + 'a> = match self {
            Self::File(path, watching) => plain(path, watching)?,
            Self::Files(paths, watching) => {
                let mut files = paths.iter();
                let Some(first) = files.next() else {
                    return Ok(Box::new(io::empty()));
                };
                let first = plain(first, watching)?;
                files.try_fold(first, |before, path| -> anyhow::Result<_> {
                    // The last line of a file that was cut off is no part of the next one's first.
                    let next = b"\n".chain(plain(path, watching)?);
                    Ok(Box::new(before.chain(next)) as Box<dyn BufRead + 'a>)
                })?
            }
            Self::Bytes(bytes) => Box::new(bytes),
        };
        unpacked(plain)
    }

    /// What stands at the start, unpacked: all that recognition needs.
    pub(super) fn head(self) -> anyhow::Result<Vec<u8>> {
        let mut head = Vec::new();
        let limit = u64::try_from(head::LIMIT).unwrap_or(u64::MAX);
        let read = self.open()?.take(limit).read_to_end(&mut head);
        match read {
            Ok(_) => Ok(head),
            // An archive that is cut off inside its first block still tells what it is.
            Err(_) if !head.is_empty() => Ok(head),
            Err(error) => Err(error).context("read its start"),
        }
    }

    /// Gives each line to `each` with its number, without its line break. A line that `each` refuses is an error, unless
    /// it is the last one and was cut off.
    pub(super) fn each_line(
        self,
        mut each: impl FnMut(u64, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let mut reader = self.open()?;
        let mut line = Vec::new();
        let mut number = 0_u64;
        loop {
            line.clear();
            let read = (&mut reader)
                .take(LINE_LIMIT)
                .read_until(b'\n', &mut line)
                .with_context(|| format!("line {}", number + 1));
            let read = match read {
                Ok(read) => read,
                // A packed stream whose writer was stopped ends inside a block.
                Err(error) if is_cut(&error) && number > 0 => return Ok(End::Cut),
                Err(error) => return Err(error),
            };
            if read == 0 {
                return Ok(End::Complete);
            }
            number += 1;
            if u64::try_from(read).is_ok_and(|read| read >= LINE_LIMIT) {
                bail!("line {number}: it is longer than 16 MiB");
            }
            let whole = line.last() == Some(&b'\n');
            let mut content = line.strip_suffix(b"\n").unwrap_or(&line);
            content = content.strip_suffix(b"\r").unwrap_or(content);
            if number == 1 {
                content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
                refuse_utf16(content)?;
            }
            if content.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if let Err(error) = each(number, content) {
                if !whole && number > 1 {
                    return Ok(End::Cut);
                }
                let refused = match std::str::from_utf8(content) {
                    Err(_) if hint::of(&error).is_none() => {
                        Err(error.context("it is not UTF-8")).hint(CONVERT)
                    }
                    _ => Err(error),
                };
                return refused.with_context(|| format!("line {number}"));
            }
        }
    }
}

fn is_cut(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|link| link.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

/// Text of UTF-16, with or without the mark that says so.
pub(super) fn refuse_utf16(start: &[u8]) -> anyhow::Result<()> {
    let hint = match wide(start) {
        None => return Ok(()),
        Some(Wide::Marked) => CONVERT_UTF16,
        Some(Wide::LittleEndian) => "convert it: `iconv -f UTF-16LE -t UTF-8 OLD > NEW`",
        Some(Wide::BigEndian) => "convert it: `iconv -f UTF-16BE -t UTF-8 OLD > NEW`",
    };
    Err(anyhow!("it is UTF-16, and results are UTF-8")).hint(hint)
}

enum Wide {
    Marked,
    LittleEndian,
    BigEndian,
}

fn wide(start: &[u8]) -> Option<Wide> {
    /// Characters that are looked at: every result begins with so many of ASCII.
    const FIRST: usize = 8;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Some(Wide::Marked);
    }
    let units = start.get(..FIRST * 2)?.chunks_exact(2);
    let all = |is: fn(&[u8]) -> bool| units.clone().all(is);
    if all(|unit| matches!(unit, [low, 0] if is_text(*low))) {
        Some(Wide::LittleEndian)
    } else if all(|unit| matches!(unit, [0, low] if is_text(*low))) {
        Some(Wide::BigEndian)
    } else {
        None
    }
}

fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

fn plain<'a>(path: &'a Path, watching: &Watching) -> anyhow::Result<Box<dyn BufRead + 'a>> {
    let file = open(path).with_context(|| format!("open {}", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(
        BUFFER,
        watching.file(path, file),
    )))
}

fn unpacked<'a>(mut plain: Box<dyn BufRead + 'a>) -> anyhow::Result<Box<dyn BufRead + 'a>> {
    let start = plain.fill_buf().context("read its start")?;
    if start.starts_with(&GZIP) {
        let unpacked = MultiGzDecoder::new(plain);
        return Ok(Box::new(BufReader::with_capacity(BUFFER, unpacked)));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(bytes: &[u8]) -> (Vec<(u64, String)>, anyhow::Result<End>) {
        let mut seen = Vec::new();
        let end = ResultBytes::Bytes(bytes).each_line(|number, line| {
            if line == b"bad" {
                bail!("no record");
            }
            seen.push((number, String::from_utf8_lossy(line).into_owned()));
            Ok(())
        });
        (seen, end)
    }

    #[test]
    fn lines_come_with_their_numbers_and_without_their_breaks() {
        let (seen, end) = lines(b"\xef\xbb\xbfa\r\n\n b\nc");
        let expected = [(1, "a"), (3, " b"), (4, "c")].map(|(n, l)| (n, l.to_owned()));
        assert_eq!(seen, expected);
        assert_eq!(end.unwrap(), End::Complete);
    }

    #[test]
    fn only_a_last_line_without_its_break_counts_as_cut_off() {
        assert_eq!(lines(b"a\nbad").1.unwrap(), End::Cut);
        let (_, end) = lines(b"a\nbad\nb\n");
        assert_eq!(format!("{:#}", end.unwrap_err()), "line 2: no record");
        assert!(lines(b"bad").1.is_err());
    }

    #[test]
    fn a_line_in_another_encoding_that_is_no_record_has_the_command_that_converts_it() {
        let refused = |bytes: &[u8]| {
            let no_record = ResultBytes::Bytes(bytes).each_line(|_, _| bail!("no record"));
            let error = no_record.unwrap_err();
            let hint = hint::of(&error).map(str::to_owned);
            (format!("{error:#}"), hint)
        };
        let (text, hint) = refused(b"{\"name\": \"\xcb\xd1\"}\n");
        assert_eq!(text, "line 1: it is not UTF-8: no record");
        assert_eq!(hint.as_deref(), Some(CONVERT));
        assert_eq!(refused(b"{}\n"), ("line 1: no record".to_owned(), None));
    }

    #[test]
    fn a_packed_file_is_read_like_a_plain_one_even_where_it_is_cut() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let plain: String = (0..2000).map(|n| format!("{n}\n")).collect();
        packer.write_all(plain.as_bytes()).unwrap();
        let packed = packer.finish().unwrap();
        assert_eq!(lines(&packed).0.len(), 2000);
        assert_eq!(
            ResultBytes::Bytes(&packed).head().unwrap(),
            plain.as_bytes()
        );
        let (seen, end) = lines(&packed[..packed.len() - 20]);
        assert!(!seen.is_empty());
        assert_eq!(end.unwrap(), End::Cut);
    }
}
