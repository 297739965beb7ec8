//! An address as a QR code in half blocks: two rows of it in one line.

use qrcodegen::{QrCode, QrCodeEcc};

/// The light border that scanners need.
const QUIET: i32 = 2;
/// A code that is wider than a terminal is of no use.
const WIDEST: i32 = 76;

/// The code; `None` for an address that is too long for a terminal.
pub fn code(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let size = code.size();
    if size + 2 * QUIET > WIDEST {
        return None;
    }
    let mut lines = String::new();
    let mut y = -QUIET;
    while y < size + QUIET {
        // dark ink on the terminal's light characters: most terminals are dark
        for x in -QUIET..size + QUIET {
            let light = [y, y + 1].map(|y| !code.get_module(x, y));
            lines.push(match light {
                [true, true] => '█',
                [true, false] => '▀',
                [false, true] => '▄',
                [false, false] => ' ',
            });
        }
        lines.push('\n');
        y += 2;
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_page_fits_a_terminal_and_a_consent_page_does_not() {
        let shown = code("https://microsoft.com/devicelogin").unwrap();
        assert!(shown.lines().all(|line| line.chars().count() <= 76));
        // the border is light
        assert!(shown.lines().next().unwrap().chars().all(|c| c == '█'));
        assert!(code(&format!("https://login.example.org/?{}", "x".repeat(2000))).is_none());
    }
}
