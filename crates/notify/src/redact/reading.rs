//! A text as it reads where escapes are undone: those of URLs, of JSON and of HTML, one behind the other in
//! any order. Every place of the text stays known, and from each the text can be read.

use super::is_shown;

/// So many escapes may be one behind the other: one of each kind.
const DEPTH: u8 = 3;
/// The most digits of a number in HTML, with leading zeros.
const MAX_DIGITS: usize = 10;

/// Undoes an escape that begins here.
type Undo = fn(&Reading, usize) -> Option<Unit>;

const KINDS: [(u8, Undo); 3] = [(b'%', url), (b'\\', json), (b'&', html)];

/// One character, or one byte of it, and where the text goes on behind it.
#[derive(Clone, Copy, Default)]
pub(super) struct Unit {
    bytes: [u8; 4],
    length: usize,
    end: usize,
}

impl Unit {
    fn of(c: char, end: usize) -> Self {
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len();
        Self { bytes, length, end }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Whether nobody sees it.
    pub(super) fn is_hidden(&self) -> bool {
        let text = std::str::from_utf8(self.bytes()).unwrap_or("?");
        !text.chars().all(is_shown)
    }
}

/// What is read at each place of a text; nothing within a character.
pub(super) struct Reading(Vec<Unit>);

impl Reading {
    /// The text as it is.
    pub(super) fn of(text: &str) -> Self {
        let mut units = vec![Unit::default(); text.len()];
        for (at, c) in text.char_indices() {
            if let Some(unit) = units.get_mut(at) {
                *unit = Unit::of(c, at + c.len_utf8());
            }
        }
        Self(units)
    }

    /// Shows it as it is, and as it reads with each order of escapes that changes something.
    pub(super) fn each(&self, show: &mut impl FnMut(&Self)) {
        self.each_within(DEPTH, show);
    }

    fn each_within(&self, depth: u8, show: &mut impl FnMut(&Self)) {
        show(self);
        if depth > 0 {
            for (first, undo) in KINDS {
                if let Some(inner) = self.undone(first, undo) {
                    inner.each_within(depth - 1, show);
                }
            }
        }
    }

    /// The same without escapes of a kind; `None` where it has none.
    fn undone(&self, first: u8, undo: Undo) -> Option<Self> {
        let starts = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, unit)| unit.bytes() == [first]);
        let found: Vec<(usize, Unit)> = starts
            .filter_map(|(at, _)| Some((at, undo(self, at)?)))
            .collect();
        if found.is_empty() {
            return None;
        }
        let mut units = self.0.clone();
        for (at, unit) in found {
            if let Some(place) = units.get_mut(at) {
                *place = unit;
            }
        }
        Some(Self(units))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What is read at this place.
    pub(super) fn at(&self, at: usize) -> Option<&Unit> {
        self.0.get(at).filter(|unit| unit.length > 0)
    }

    /// The byte here, and where the text goes on.
    fn byte(&self, at: usize) -> Option<(u8, usize)> {
        let unit = self.at(at)?;
        match unit.bytes() {
            [byte] => Some((*byte, unit.end)),
            _ => None,
        }
    }

    /// The number of at most so many digits here, how many it has, and where the text goes on.
    fn number(&self, mut at: usize, radix: u32, most: usize) -> (u32, usize, usize) {
        let (mut number, mut digits) = (0_u32, 0);
        while let Some((byte, end)) = self.byte(at).filter(|_| digits < most) {
            let Some(digit) = char::from(byte).to_digit(radix) else {
                break;
            };
            number = number.saturating_mul(radix).saturating_add(digit);
            (digits, at) = (digits + 1, end);
        }
        (number, digits, at)
    }

    /// The number of exactly so many hexadecimal digits here, and where the text goes on.
    fn hex(&self, at: usize, digits: usize) -> Option<(u32, usize)> {
        let (number, found, end) = self.number(at, 16, digits);
        (found == digits).then_some((number, end))
    }
}

/// `%XX`: a byte (RFC 3986 section 2.1).
fn url(text: &Reading, at: usize) -> Option<Unit> {
    let (_, digits) = text.byte(at)?;
    let (byte, end) = text.hex(digits, 2)?;
    Some(Unit {
        bytes: [u8::try_from(byte).ok()?, 0, 0, 0],
        length: 1,
        end,
    })
}

/// A backslash and what it means (RFC 8259 section 7).
fn json(text: &Reading, at: usize) -> Option<Unit> {
    let (_, next) = text.byte(at)?;
    let (byte, end) = text.byte(next)?;
    let meant = match byte {
        b'"' | b'\\' | b'/' => char::from(byte),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return utf16(text, end),
        _ => return None,
    };
    Some(Unit::of(meant, end))
}

/// The four digits of JSON, or a pair of them.
fn utf16(text: &Reading, at: usize) -> Option<Unit> {
    let (first, end) = text.hex(at, 4)?;
    if let Some(c) = char::from_u32(first) {
        return Some(Unit::of(c, end));
    }
    let (b'\\', at) = text.byte(end)? else {
        return None;
    };
    let (b'u', at) = text.byte(at)? else {
        return None;
    };
    let (second, end) = text.hex(at, 4)?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some(Unit::of(c, end))
}

/// `&NAME;`, `&#NN;` or `&#xNN;`.
fn html(text: &Reading, at: usize) -> Option<Unit> {
    let (_, at) = text.byte(at)?;
    let (c, at) = match text.byte(at)? {
        (b'#', at) => {
            let (radix, at) = match text.byte(at)? {
                (b'x' | b'X', at) => (16, at),
                _ => (10, at),
            };
            let (number, digits, end) = text.number(at, radix, MAX_DIGITS);
            (char::from_u32(number).filter(|_| digits > 0)?, end)
        }
        _ => NAMES.iter().find_map(|(name, c)| {
            let mut at = at;
            for wanted in name.bytes() {
                let (byte, end) = text.byte(at)?;
                at = end;
                if !byte.eq_ignore_ascii_case(&wanted) {
                    return None;
                }
            }
            Some((*c, at))
        })?,
    };
    let (b';', end) = text.byte(at)? else {
        return None;
    };
    Some(Unit::of(c, end))
}

const NAMES: [(&str, char); 5] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
];
