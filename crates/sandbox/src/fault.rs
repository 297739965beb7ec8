//! Misbehaviour of the token endpoint: what can be ordered, and how it is put on the wire.

use std::io::{Error, Read, Result, Write};
use std::time::Duration;

use serde::Deserialize;

use crate::wire::{Response, Stream};

/// No answer, however broken, goes on for longer than this.
const LONGEST: Duration = Duration::from_secs(120);

/// One misbehaviour, as the control URL takes it in JSON (`{"kind": "drip", "interval-ms": 100}`).
#[derive(Deserialize, Clone)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[serde(deny_unknown_fields)]
pub enum Fault {
    /// This answer instead of the true one.
    Answer {
        status: u16,
        #[serde(default)]
        headers: Vec<(String, String)>,
        #[serde(default)]
        body: String,
    },
    /// These bytes as the whole answer, each character one byte (U+0000 to U+00FF).
    Raw { bytes: String },
    /// A redirect to `location`; the sandbox's own `/elsewhere` counts who follows.
    Redirect { status: u16, location: String },
    /// A login page with status 200, as a captive portal sends it.
    Html,
    /// A JSON answer whose text is not UTF-8.
    NonUtf8,
    /// The connection is closed without a byte.
    Close,
    /// Nothing at all, until the client goes away.
    Silence,
    /// The true answer after a pause.
    Delay { ms: u64 },
    /// The true answer, cut off after `at` bytes, without a goodbye.
    Truncate { at: usize },
    /// The true answer with this content length.
    ContentLength { length: u64 },
    /// The true answer byte by byte; its head comes at once where `from` is `body`.
    Drip {
        interval_ms: u64,
        #[serde(default)]
        from: Part,
    },
    /// A body of that many bytes.
    Huge { bytes: u64 },
    /// Chunks without end.
    Endless,
    /// The true answer behind `count` more headers with values of `size` bytes.
    Headers { count: usize, size: usize },
}

#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    #[default]
    Head,
    Body,
}

impl Fault {
    /// Whether the provider does its work before it misbehaves: a code is then spent.
    pub fn has_true_answer(&self) -> bool {
        use Fault::{ContentLength, Delay, Drip, Headers, Truncate};
        matches!(
            self,
            Delay { .. } | Truncate { .. } | ContentLength { .. } | Drip { .. } | Headers { .. }
        )
    }

    /// Misbehaves on `stream`; `answer` is the true one.
    pub fn play(&self, stream: &mut Stream, mut answer: Response) -> Result<()> {
        stream.get_mut().allow(LONGEST);
        match self {
            Self::Answer {
                status,
                headers,
                body,
            } => {
                let (headers, body) = (headers.clone(), body.clone().into_bytes());
                send(
                    stream,
                    &Response {
                        status: *status,
                        headers,
                        body,
                    },
                )
            }
            Self::Raw { bytes } => {
                // characters beyond U+00FF have no byte and become `?`
                let byte = |c| u8::try_from(u32::from(c)).unwrap_or(b'?');
                stream.write_all(&bytes.chars().map(byte).collect::<Vec<u8>>())?;
                goodbye(stream)
            }
            Self::Redirect { status, location } => {
                send(stream, &Response::redirect(*status, location))
            }
            Self::Html => {
                let page = "<!doctype html><title>Log in</title><form>Welcome to the hotel</form>";
                send(stream, &Response::new(200, "text/html", page))
            }
            Self::NonUtf8 => {
                let body = b"{\"access_token\":\"\xff\xfe\",\"token_type\":\"Bearer\"}";
                send(stream, &Response::new(200, "application/json", *body))
            }
            Self::Close => Ok(()),
            Self::Silence => hold(stream),
            Self::Delay { ms } => {
                std::thread::sleep(Duration::from_millis(*ms).min(LONGEST));
                stream.get_mut().allow(LONGEST);
                send(stream, &answer)
            }
            Self::Truncate { at } => {
                let bytes = answer.bytes();
                stream.write_all(bytes.get(..*at).unwrap_or(&bytes))?;
                stream.flush()
            }
            Self::ContentLength { length } => {
                stream.write_all(&answer.head(&format!("Content-Length: {length}")))?;
                stream.write_all(&answer.body)?;
                goodbye(stream)
            }
            Self::Drip { interval_ms, from } => drip(stream, &answer, *interval_ms, *from),
            Self::Huge { bytes } => huge(stream, *bytes),
            Self::Endless => endless(stream),
            Self::Headers { count, size } => {
                let value = "x".repeat(*size);
                answer
                    .headers
                    .extend((0..*count).map(|n| (format!("X-Filler-{n}"), value.clone())));
                send(stream, &answer)
            }
        }
    }
}

/// Sends a whole answer and ends the connection as it should be.
pub fn send(stream: &mut Stream, answer: &Response) -> Result<()> {
    stream.write_all(&answer.bytes())?;
    goodbye(stream)
}

/// Answers a peer that is still sending; what it sends is read for a second more, since closing
/// before that would take the answer away from it.
pub fn interrupt(stream: &mut Stream, answer: &Response) -> Result<()> {
    stream.get_mut().allow(Duration::from_secs(1));
    send(stream, answer)?;
    hold(stream)
}

fn goodbye(stream: &mut Stream) -> Result<()> {
    let end = stream.shutdown().map(drop);
    end.map_err(|error| error.into_io_error().unwrap_or_else(Error::other))
}

/// Waits until the peer goes away.
fn hold(stream: &mut Stream) -> Result<()> {
    while stream.read(&mut [0; 512])? > 0 {}
    Ok(())
}

fn drip(stream: &mut Stream, answer: &Response, interval_ms: u64, from: Part) -> Result<()> {
    let mut bytes = answer.bytes();
    if from == Part::Body {
        let body = bytes.split_off(bytes.len().saturating_sub(answer.body.len()));
        stream.write_all(&bytes)?;
        stream.flush()?;
        bytes = body;
    }
    for byte in bytes {
        stream.write_all(&[byte])?;
        stream.flush()?;
        std::thread::sleep(Duration::from_millis(interval_ms).min(LONGEST));
    }
    goodbye(stream)
}

fn huge(stream: &mut Stream, mut bytes: u64) -> Result<()> {
    const BLOCK: [u8; 16 * 1024] = [b'x'; 16 * 1024];
    let answer = Response::new(200, "application/json", "");
    stream.write_all(&answer.head(&format!("Content-Length: {bytes}")))?;
    while bytes > 0 {
        let count = BLOCK
            .len()
            .min(usize::try_from(bytes).unwrap_or(usize::MAX));
        stream.write_all(BLOCK.get(..count).unwrap_or(&BLOCK))?;
        bytes -= count as u64;
    }
    goodbye(stream)
}

fn endless(stream: &mut Stream) -> Result<()> {
    let answer = Response::new(200, "application/json", "");
    stream.write_all(&answer.head("Transfer-Encoding: chunked"))?;
    loop {
        stream.write_all(b"400\r\n")?;
        stream.write_all(&[b' '; 0x400])?;
        stream.write_all(b"\r\n")?;
    }
}
