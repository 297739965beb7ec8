//! Directives made at random.

use super::*;

/// xorshift64*: the same texts at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn text(&mut self, pieces: &[&str]) -> String {
        (0..self.roll(9))
            .map(|_| pieces[self.roll(pieces.len())])
            .collect()
    }
}

#[test]
fn whatever_is_read_is_written_back_to_the_same_and_nothing_panics() {
    let pieces = [
        "info",
        "error",
        ",",
        " ",
        "exact:",
        "regex:",
        "type",
        "host=",
        "=",
        "(",
        ")",
        "[a-z]",
        "{9}",
        "(?-u:",
        "(?i)",
        "\\xff",
        "\\p{Greek}",
        "\\PX",
        "\\w",
        "regex:a=",
        "regex:a=",
        "*",
        "\\",
        "|",
        "^",
        "mon",
        "tuesday",
        "..",
        "8",
        "12",
        ":",
        ":30",
        "-",
        "\t",
        "ä",
        "\u{0}",
        "99999999999999999999",
    ];
    let mut dice = Dice(0x5eed);
    let (mut read, mut compiled) = (0, 0);
    for _ in 0..60_000 {
        let text = dice.text(&pieces);
        if let Ok(parsed) = text.parse::<SeverityMatch>() {
            assert_eq!(parsed.to_string(), text);
            read += 1;
        }
        if let Ok(parsed) = text.parse::<FieldMatch>() {
            assert_eq!(parsed.to_string().parse::<FieldMatch>().unwrap(), parsed);
            if compiled < 600 {
                // whatever else is wrong with a pattern was found when it was read
                if let Err(reason) = parsed.matches(Some("abc")) {
                    assert!(reason.contains("size limit"), "{text}: {reason}");
                }
            }
            compiled += 1;
        }
        if let Ok(parsed) = text.parse::<CalendarMatch>() {
            assert_eq!(parsed.to_string(), text);
            let time = CLOCK.local(MONDAY).unwrap();
            let _ = parsed.matches(&time);
            read += 1;
        }
    }
    assert!(
        read > 50 && compiled > 600,
        "the texts hit nothing: {read}, {compiled}"
    );
}
