//! The message behind DATA: read to the final dot, strict about line ends.

use std::io::Result;

use super::fault::{Fault, Next};
use super::link::Link;
use super::session::Session;

/// The largest message, in octets; SIZE says the same.
const MAX: usize = 36_700_160;

/// What came.
pub enum Message {
    Whole(Vec<u8>),
    /// It is refused for this.
    Bad(&'static str),
    /// The connection is over.
    Gone,
}

/// Reads up to the final dot.
pub fn read(session: &Session, link: &mut Link) -> Result<Message> {
    let (mut message, mut fault) = (Vec::new(), None);
    let mut due: Option<Fault> = session.fault("BODY");
    while link.next()? {
        if let Some(due) = due.take() {
            if let Next::End = due.play(link, session.settings.wording)? {
                return Ok(Message::Gone);
            }
        }
        let line = link.current();
        if line == b".\r\n" {
            return Ok(fault.map_or(Message::Whole(message), Message::Bad));
        }
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        if text.contains(&b'\r') || text.contains(&b'\n') {
            fault = Some("550 5.6.11 bare CR or LF");
        } else if text.len() > 998 {
            fault = Some("550 5.6.0 a line is longer than 998 octets");
        } else if message.len() + line.len() > MAX {
            fault = Some("552 5.3.4 larger than SIZE says");
            message.clear();
        }
        if fault.is_none() {
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
    }
    Ok(Message::Gone)
}
