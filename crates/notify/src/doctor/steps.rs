//! One step after the other: what was seen, how long it took, and what follows for those behind it.

use std::time::Instant;

use serde::Serialize;

use crate::message::Message;

/// How a step has ended, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// A step before it has failed.
    NotTried,
    /// It works, but somebody should look.
    Warning,
    /// Nothing can be sent so.
    Failed,
}

/// A step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Which.
    pub step: &'static str,
    /// How it has ended.
    pub result: Grade,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// What was seen; what happened, where it has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// What fixes it, and who has to act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The other side's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

impl Step {
    /// The same without the other side's words: for somebody who may not change the target.
    #[must_use]
    pub fn without_details(mut self) -> Self {
        self.details = None;
        self
    }
}

/// What a step that works has seen, and what somebody should look at.
pub(super) struct Seen {
    text: String,
    warning: Option<Message>,
}

impl Seen {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            warning: None,
        }
    }

    /// The same with what is not as it should be.
    pub(super) fn warn(mut self, warning: Option<Message>) -> Self {
        self.warning = warning;
        self
    }
}

/// The steps of one examination.
pub(super) struct Steps<'w> {
    done: Vec<Step>,
    planned: Vec<&'static str>,
    watch: &'w dyn Fn(&Step),
    began: Instant,
}

impl<'w> Steps<'w> {
    pub(super) fn new(watch: &'w dyn Fn(&Step)) -> Self {
        Self {
            done: Vec::new(),
            planned: Vec::new(),
            watch,
            began: Instant::now(),
        }
    }

    /// These come, in this order, unless one before them fails.
    pub(super) fn plan(&mut self, steps: &[&'static str]) {
        self.planned.extend(steps);
        self.began = Instant::now();
    }

    /// Takes a step; what it gives for those behind it, or nothing where it has failed.
    pub(super) fn take<T>(
        &mut self,
        step: &'static str,
        code: impl FnOnce() -> Result<(T, Seen), Message>,
    ) -> Option<T> {
        match code() {
            Ok((value, seen)) => {
                self.saw(step, seen);
                Some(value)
            }
            Err(why) => {
                self.fail(step, &why);
                None
            }
        }
    }

    /// A step that works.
    pub(super) fn saw(&mut self, step: &'static str, seen: Seen) {
        let (result, text, fix, details) = match seen.warning {
            None => (Grade::Ok, seen.text, None, None),
            Some(why) => {
                let text = match seen.text.as_str() {
                    "" => why.headline(),
                    text => format!("{text}; {}", why.headline()),
                };
                (Grade::Warning, text, why.fix.clone(), why.shown_details())
            }
        };
        self.push(step, result, Some(text), fix, details);
    }

    /// A step that does not.
    pub(super) fn fail(&mut self, step: &'static str, why: &Message) {
        let text = Some(why.headline());
        self.push(
            step,
            Grade::Failed,
            text,
            why.fix.clone(),
            why.shown_details(),
        );
    }

    /// All of them: those that were planned and not reached were not tried.
    pub(super) fn end(mut self) -> Vec<Step> {
        for step in std::mem::take(&mut self.planned) {
            self.began = Instant::now();
            self.push(step, Grade::NotTried, None, None, None);
        }
        self.done
    }

    fn push(
        &mut self,
        step: &'static str,
        result: Grade,
        seen: Option<String>,
        fix: Option<String>,
        details: Option<String>,
    ) {
        self.planned.retain(|planned| *planned != step);
        let milliseconds = self.began.elapsed().as_millis();
        self.began = Instant::now();
        let step = Step {
            step,
            result,
            milliseconds: milliseconds.try_into().unwrap_or(u64::MAX),
            seen,
            fix,
            details,
        };
        (self.watch)(&step);
        self.done.push(step);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn what_is_behind_a_failure_was_not_tried() {
        let seen = RefCell::new(Vec::new());
        let watch = |step: &Step| seen.borrow_mut().push(step.step);
        let mut steps = Steps::new(&watch);
        steps.plan(&["settings", "names", "login"]);
        let number = steps.take("settings", || Ok((7, Seen::new("all set"))));
        assert_eq!(number, Some(7));
        let failed: Option<()> = steps.take("names", || {
            Err(Message::new("no such name")
                .about("mail.example.org")
                .fix("check server"))
        });
        assert_eq!(failed, None);
        let steps = steps.end();
        let results: Vec<Grade> = steps.iter().map(|step| step.result).collect();
        assert_eq!(results, [Grade::Ok, Grade::Failed, Grade::NotTried]);
        assert_eq!(
            steps[1].seen.as_deref(),
            Some("mail.example.org: no such name")
        );
        assert_eq!(steps[1].fix.as_deref(), Some("check server"));
        assert_eq!(*seen.borrow(), ["settings", "names", "login"]);
    }
}
