//! The cache of answers.
//!
//! A cached answer can be out of date for its lifetime, 30 seconds by default: a user who was removed still
//! gets and redeems codes, an identifier that moved to another user still leads to the former one, and a
//! user who was added stays unknown. Tiers are never read from here.
//!
//! # Why known and unknown users are cached alike
//! With two lifetimes, the time of a second answer would tell whether there is such a user.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use codes::ids::ApplicationId;
use codes::user::Identifier;
use tokio::time::Instant;
use wire::directory::Known;

/// How many answers one generation holds; there are two.
const GENERATION: usize = 10_000;

/// Which user of which application was asked for.
pub type Question = (ApplicationId, Identifier);

/// An answer: the user, or that there is none.
pub type Answer = Option<Known>;

/// The answers of a directory, for a while.
pub struct Answers {
    lifetime: Duration,
    generations: Mutex<Generations>,
}

/// A full generation takes the place of the former, so that memory is bounded for any number of questions.
#[derive(Default)]
struct Generations {
    current: HashMap<Question, (Answer, Instant)>,
    former: HashMap<Question, (Answer, Instant)>,
}

impl Answers {
    /// A cache that keeps answers for this long.
    pub fn new(lifetime: Duration) -> Self {
        Self { lifetime, generations: Mutex::default() }
    }

    /// The answer to a question, if it is known and still counts.
    pub fn find(&self, question: &Question, now: Instant) -> Option<Answer> {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let Generations { current, former } = &*generations;
        let (answer, ends_at) = current.get(question).or_else(|| former.get(question))?;
        (now < *ends_at).then(|| answer.clone())
    }

    /// Keeps an answer.
    pub fn keep(&self, question: Question, answer: Answer, now: Instant) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.current.len() >= GENERATION {
            generations.former = mem::take(&mut generations.current);
        }
        generations.current.insert(question, (answer, now + self.lifetime));
    }
}

#[cfg(test)]
mod tests {
    use codes::user::{IdentifierType, UserId};

    use super::*;

    const LIFETIME: Duration = Duration::from_secs(30);
    const A_MOMENT: Duration = Duration::from_millis(1);

    fn question(application: &str, user: &str) -> Question {
        let identifier = Identifier::parse(IdentifierType::UserId, user).expect("an ID");
        (ApplicationId::parse(application).expect("an ID"), identifier)
    }

    fn ada() -> Answer {
        UserId::parse("ada").ok().map(|user| Known { user, tier: None })
    }

    #[test]
    fn an_answer_counts_until_its_end_and_for_its_application_only() {
        let (answers, now) = (Answers::new(LIFETIME), Instant::now());
        answers.keep(question("acme", "ada"), ada(), now);
        answers.keep(question("acme", "eve"), None, now);
        let found = |user, after| answers.find(&question("acme", user), now + after);
        let almost = LIFETIME.saturating_sub(A_MOMENT);
        assert_eq!((found("ada", almost), found("eve", almost)), (Some(ada()), Some(None)));
        assert_eq!((found("ada", LIFETIME), found("eve", LIFETIME)), (None, None));
        assert_eq!(answers.find(&question("staff", "ada"), now), None);
    }

    #[test]
    fn a_later_answer_replaces_an_earlier_one() {
        let (answers, now) = (Answers::new(LIFETIME), Instant::now());
        for answer in [ada(), None, ada()] {
            answers.keep(question("acme", "ada"), answer.clone(), now);
            assert_eq!(answers.find(&question("acme", "ada"), now), Some(answer));
        }
    }

    #[test]
    fn a_lifetime_of_zero_keeps_nothing() {
        let (answers, now) = (Answers::new(Duration::ZERO), Instant::now());
        for (user, answer) in [("ada", ada()), ("eve", None)] {
            answers.keep(question("acme", user), answer, now);
            assert_eq!(answers.find(&question("acme", user), now), None);
        }
    }

    #[test]
    fn a_flood_of_questions_takes_bounded_memory_and_leaves_the_latest() {
        let (answers, now) = (Answers::new(LIFETIME), Instant::now());
        for number in 0..GENERATION * 5 / 2 {
            answers.keep(question("acme", &format!("u-{number}")), None, now);
        }
        let generations = answers.generations.lock().expect("no panic");
        assert!(generations.current.len() + generations.former.len() <= GENERATION * 2);
        drop(generations);
        let last = question("acme", &format!("u-{}", GENERATION * 3 / 2));
        assert_eq!(answers.find(&last, now), Some(None));
    }
}
