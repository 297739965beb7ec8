//! What is told of the recipients that were not reached: once for each cause, however many have it.

use crate::endpoint::Recipient;
use crate::message::Message;

/// The recipients that one cause has kept from their mail, with the other side's words for each.
struct Group<'a> {
    why: &'a Message,
    all: Vec<(Option<&'a str>, Option<&'a str>)>,
}

/// What a person should know: a message for each cause, in the order of the first recipient that has it;
/// nothing if all went well.
pub(super) fn of(recipients: &[Recipient]) -> Vec<Message> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for Recipient { recipient, outcome } in recipients {
        let Some(why) = outcome.why() else {
            continue;
        };
        let one = (recipient.as_deref(), why.details.as_deref());
        match groups.iter_mut().find(|group| is_same(group.why, why)) {
            Some(group) => group.all.push(one),
            None => groups.push(Group {
                why,
                all: vec![one],
            }),
        }
    }
    groups.iter().map(Group::message).collect()
}

/// Whether only the other side's words differ.
fn is_same(one: &Message, other: &Message) -> bool {
    one.about == other.about && one.cause == other.cause && one.fix == other.fix
}

impl Group<'_> {
    fn message(&self) -> Message {
        match self.all.as_slice() {
            [(recipient, _)] => self.of_one(*recipient),
            all => self.why.clone().details(Some(listed(all))),
        }
    }

    fn of_one(&self, recipient: Option<&str>) -> Message {
        let why = self.why.clone();
        match recipient {
            Some(address) if !why.to_string().contains(address) => {
                let about = match why.about.as_str() {
                    "" => address.to_owned(),
                    about => format!("{address}: {about}"),
                };
                why.about(about)
            }
            _ => why,
        }
    }
}

/// The list of the recipients, after the words that all of them got, or each with its own.
fn listed(all: &[(Option<&str>, Option<&str>)]) -> String {
    let named = |recipient: &Option<&str>| recipient.unwrap_or("no recipient").to_owned();
    let first = all.first().and_then(|(_, words)| *words);
    if all.iter().all(|(_, words)| *words == first) {
        let names: Vec<String> = all.iter().map(|(recipient, _)| named(recipient)).collect();
        let list = format!("recipients: {}", names.join(", "));
        return first.map_or(list.clone(), |words| format!("{words}; {list}"));
    }
    let each = all.iter().map(|(recipient, words)| match words {
        Some(words) => format!("{}: {words}", named(recipient)),
        None => named(recipient),
    });
    each.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;
    use crate::outcome::{Failure, Outcome};

    fn sent(address: &str) -> Recipient {
        Recipient {
            recipient: Some(address.to_owned()),
            outcome: Outcome::Sent,
        }
    }

    fn failed(address: &str, cause: &str, words: Option<&str>) -> Recipient {
        let why = Message::new(cause)
            .about("mail:25")
            .fix("fix it")
            .details(words.map(str::to_owned));
        Recipient {
            outcome: Failure::new(Cause::Settings, why).outcome(),
            ..sent(address)
        }
    }

    fn told(recipients: &[Recipient]) -> Vec<String> {
        of(recipients).iter().map(Message::to_string).collect()
    }

    #[test]
    fn a_cause_is_told_once_with_all_who_have_it() {
        let no = Some("server says: no");
        let all = [
            failed("ann", "refused", no),
            sent("ben"),
            failed("cat", "full", no),
            failed("dan", "refused", no),
            failed("eve", "refused", no),
        ];
        assert_eq!(
            told(&all),
            [
                "mail:25: refused; fix it; server says: no; recipients: ann, dan, eve",
                "cat: mail:25: full; fix it; server says: no",
            ]
        );
        assert_eq!(told(&all[1..2]), [""; 0]);
    }

    #[test]
    fn words_that_differ_are_each_recipients_own() {
        let all = [
            failed("ann", "refused", Some("server says: no ann")),
            failed("ben", "refused", Some("server says: no ben")),
            failed("cat", "refused", None),
        ];
        assert_eq!(
            told(&all),
            ["mail:25: refused; fix it; ann: server says: no ann; ben: server says: no ben; cat"]
        );
        let all = [failed("ann", "late", None), failed("ben", "late", None)];
        assert_eq!(told(&all), ["mail:25: late; fix it; recipients: ann, ben"]);
    }

    #[test]
    fn an_address_that_is_named_already_or_none_is_not_added() {
        let of_all = Recipient {
            recipient: None,
            ..failed("ann", "refused", None)
        };
        assert_eq!(told(&[of_all]), ["mail:25: refused; fix it"]);
        let named = failed("ann", "recipient 'ann' is wrong", None);
        assert_eq!(
            told(&[named]),
            ["mail:25: recipient 'ann' is wrong; fix it"]
        );
    }
}
