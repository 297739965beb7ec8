use std::fmt::Write;

use serde_json::json;

use super::*;
use crate::FixedClock;
use crate::template::webhook::render;

#[test]
fn a_secret_within_json_is_found_however_it_is_escaped() {
    let secret = r#"a"b\c/d=e&f"#;
    let redactor = Redactor::new("", &[&Secret::new(secret)]);
    for echo in [
        r#"a\"b\\c/d=e&f"#,
        r#"a\"b\\c\/d\u003de\u0026f"#,
        r#"\u0061\u0022\u0062\u005C\u0063\u002f\u0064\u003D\u0065\u0026\u0066"#,
        secret,
    ] {
        let shown = redactor.clean(&format!(r#"{{"said":"<{echo}>"}}"#));
        assert_eq!(shown, r#"{"said":"<[secret]>"}"#, "{echo}");
    }
}

#[test]
fn a_secret_within_html_is_found_however_it_is_escaped() {
    let redactor = Redactor::new("", &[&Secret::new("a&b\"c'd<é")]);
    for echo in [
        "a&amp;b&quot;c&#39;d&lt;é",
        "a&AMP;b&QUOT;c&apos;d&LT;&#233;",
        "a&#38;b&#34;c&#x27;d&#x3c;&#xE9;",
        "a&#0038;b&#00034;c&#X0027;d&#x3C;&#x00e9;",
        "&#97;&#38;&#98;&#34;&#99;&#39;&#100;&#60;&#233;",
    ] {
        assert_eq!(redactor.clean(&format!("<{echo}>")), "<[secret]>", "{echo}");
    }
}

#[test]
fn what_is_no_escape_stays_as_it_is() {
    let redactor = Redactor::new("", &[&Secret::new("s3cret \"key\"")]);
    for text in [
        r"a\",
        r"\u00",
        r"\u00e4",
        r"\n",
        "a\"b",
        r"\ud83d",
        r"\ud83d\u0020",
        r"\ud83d\ude00",
        "%",
        "%4",
        "%zz",
        "100%25",
        "&",
        "&amp",
        "&amp;",
        "&#;",
        "&#x;",
        "&#xd800;",
        "&#99999999999;",
        "&unknown;",
        "<p>no &quot;key&quot; = 'x' \\ 50%</p>",
        "{\"error\":\"no\\/such \\\"key\\\"\"}",
    ] {
        assert_eq!(redactor.clean(text), text);
    }
}

#[test]
fn secrets_side_by_side_and_within_each_other_are_masked_once_each() {
    let redactor = Redactor::new("", &[&Secret::new("k3y"), &Secret::new("a k3y b")]);
    for (text, wanted) in [
        ("k3yk3y", "[secret][secret]"),
        ("<a k3y b>", "<[secret]>"),
        ("a%20k3y%20b a+k3y+b", "[secret] [secret]"),
    ] {
        assert_eq!(redactor.clean(text), wanted);
    }
}

/// Numbers that look random, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    fn char(&mut self) -> char {
        const HARD: &str =
            "\"\\/&<>'`=+% ;#?:@abnutx\u{1}\u{8}\t\n\r\u{c}\u{7f}\u{ad}\u{200b}é€\u{1f600}";
        match self.below(3) {
            0 => {
                let code = u32::try_from(self.below(0x11_0000)).unwrap();
                char::from_u32(code).unwrap_or('\u{fffd}')
            }
            _ => HARD.chars().nth(self.below(HARD.chars().count())).unwrap(),
        }
    }

    fn text(&mut self) -> String {
        let length = self.below(24);
        (0..length).map(|_| self.char()).collect()
    }
}

type Escape = (&'static str, fn(&str) -> String);

fn rendered(template: &str, text: &str) -> String {
    let clock = FixedClock { now: 0, offset: 0 };
    let rendered = render(template, &json!({ "t": text }), &clock).unwrap();
    assert!(rendered.faults.is_empty(), "{rendered:?}");
    rendered.text
}

/// Each character in a form of its own.
fn each(text: &str, mut form: impl FnMut(&mut String, char)) -> String {
    let mut out = String::new();
    for c in text.chars() {
        form(&mut out, c);
    }
    out
}

/// What the helpers make of a text, and what peers do.
const ESCAPES: [Escape; 10] = [
    ("as it is", str::to_owned),
    ("escape", |text| rendered("{{escape t}}", text)),
    ("url-encode", |text| rendered("{{url-encode t}}", text)),
    ("json in numbers", |text| {
        each(text, |out, c| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04X}").unwrap();
            }
        })
    }),
    ("json with slashes", |text| {
        rendered("{{escape t}}", text).replace('/', "\\/")
    }),
    ("html", |text| handlebars::html_escape(text)),
    ("html in numbers", |text| {
        each(text, |out, c| {
            write!(out, "&#{:04};", u32::from(c)).unwrap()
        })
    }),
    ("html in hexadecimal", |text| {
        each(text, |out, c| {
            write!(out, "&#X{:x};", u32::from(c)).unwrap()
        })
    }),
    ("url in small letters", |text| {
        text.bytes().map(|byte| format!("%{byte:02x}")).collect()
    }),
    ("a form", |text| byte_serialize(text.as_bytes()).collect()),
];

#[test]
fn what_helpers_make_of_a_secret_is_masked_however_a_peer_echoes_it() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..200 {
        // the ends can be seen: what cannot be is nobody's concern there
        let secret = format!("s{}\"{}&", random.text(), random.text());
        let redactor = Redactor::new("", &[&Secret::new(&*secret)]);
        let mut pick = || ESCAPES[random.below(ESCAPES.len())];
        let chain = [pick(), pick(), pick()];
        let outer = |text: &str| chain.iter().fold(text.to_owned(), |text, (_, f)| f(&text));
        let names = chain.map(|(name, _)| name);
        // as the helper `json`: with quotes, which are no secret
        let quoted = |text: &str| {
            chain[1..]
                .iter()
                .fold(text.to_owned(), |text, (_, f)| f(&text))
        };
        let quote = quoted("\"");
        for (echo, around) in [
            (outer(&secret), ""),
            (quoted(&rendered("{{json t}}", &secret)), quote.as_str()),
        ] {
            let shown = redactor.clean(&format!("(7{echo}7)"));
            assert_eq!(
                shown,
                format!("(7{around}[secret]{around}7)"),
                "round {round}, {names:?}: {secret:?} as {echo}"
            );
        }
    }
}

#[test]
fn texts_without_a_secret_stay_as_they_are() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let redactor = Redactor::new("id", &[&Secret::new("no-text-has-this-k3y")]);
    for _ in 0..1000 {
        let (name, escape) = ESCAPES[random.below(ESCAPES.len())];
        let text = escape(&random.text());
        let shown: String = text
            .chars()
            .filter(|&c| is_shown(c) || is_break(c))
            .collect();
        let words: Vec<_> = shown.split_whitespace().collect();
        let line = words.join(" ");
        if line.chars().count() <= MAX_CHARS {
            assert_eq!(redactor.clean(&text), line, "{name}");
        }
    }
}

/// How much a text costs to look through, in steps, does not grow faster than the text. The bound in time is
/// far from what it takes.
#[test]
fn a_hostile_text_is_looked_through_in_time() {
    let eleven = "a".repeat(11);
    let secrets = [
        format!("{eleven}b"),
        format!("{}b", "\\".repeat(11)),
        format!("{}b", "%".repeat(11)),
        format!("{}b", "&".repeat(11)),
        "a".repeat(16 * 1024),
    ]
    .map(Secret::new);
    let redactor = Redactor::new("id", &secrets.iter().collect::<Vec<_>>());
    let begin = std::time::Instant::now();
    for piece in [
        "a",
        "aaaaaaaaaaa\t",
        "\\u005c",
        "%25",
        "&#0000000038;",
        "&amp;%25\\u0026amp;\\\\",
    ] {
        let text = piece.repeat(MAX_BYTES / piece.len());
        assert!(redactor.clean(&text).chars().count() <= MAX_CHARS);
    }
    let took = begin.elapsed();
    assert!(took < std::time::Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_text_that_is_too_long_is_cut_before_it_is_looked_through() {
    let redactor = Redactor::new("", &[&Secret::new("k3y")]);
    let pad = "\u{e9}".repeat(MAX_BYTES / 2);
    assert_eq!(
        redactor.clean(&format!("{pad}k3y")).chars().count(),
        MAX_CHARS
    );
    let breaks = "\n".repeat(MAX_BYTES);
    assert_eq!(redactor.clean(&format!("{breaks}k3y")), "");
}
