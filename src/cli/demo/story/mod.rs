//! Ten weeks of the demo corridor: matches computed and released,
//! introductions in every state they can be seen in, deals at several stages.

mod deal;
mod round;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::cli::demo::people::Settled;
use crate::cli::demo::{Failure, undelivered};
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::domain::compliance::{ClearanceVerdict, FreezeScope, Proof};
use crate::domain::ids::{IntroductionId, MatchId, OrganizationId};
use crate::domain::introduction::{Action, Answer, IntroductionStatus, Reply};
use crate::domain::meeting::Enclosed;
use crate::domain::review::{Audience, Match, MatchAction, MatchStatus};
use crate::domain::scoring::{Gate, GateVerdict};
use crate::domain::values::PassReason;
use crate::jobs::clock;
use crate::jobs::outbox::Sender;
use crate::mail::Mailer;
use crate::services::compliance::{self, NewClearance};
use crate::services::freezes::{self, NewFreeze};
use crate::services::introductions::{self, Step};
use crate::services::matches::{self, Listed, Move, Query, Request};
use crate::services::paging::PageRequest;
use crate::services::{Caller, Context, Error};
use crate::startup::jobs_options;

/// How one introduction of the story goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chapter {
    /// The deal is funded and both sides confirm it.
    Won,
    /// The deal is at the term sheet.
    TermSheet,
    /// The deal is in due diligence.
    DueDiligence,
    /// The deal is at the first meeting.
    FirstMeeting,
    /// The deal stands still.
    OnHold,
    /// The deal was lost.
    Lost,
    /// They met.
    Met,
    /// They talk.
    InConversation,
    /// The mail went out.
    Sent,
    /// It ended without a deal.
    Closed,
    /// The asked side said no.
    Declined,
    /// Not before a date.
    NotNow,
    /// The requester took it back.
    Withdrawn,
    /// Nobody answered.
    Expired,
    /// The mail that connects both came back from one of them.
    Undelivered,
    /// Compliance stopped it while the investor was asked.
    Blocked,
    /// A curator asked; the startup said yes, the investor is asked.
    AskingSecond,
    /// The investor is asked.
    AskingInvestor,
    /// The startup is asked.
    AskingStartup,
    /// The investor is asked, and a freeze holds everything of the startup's.
    Paused,
}

impl Chapter {
    /// Whether it is so young that nobody has answered yet.
    const fn is_recent(self) -> bool {
        matches!(
            self,
            Self::AskingSecond | Self::AskingInvestor | Self::AskingStartup | Self::Paused
        )
    }
}

/// The story, in the order in which it begins.
pub const CHAPTERS: &[Chapter] = &[
    Chapter::Won,
    Chapter::TermSheet,
    Chapter::Lost,
    Chapter::DueDiligence,
    Chapter::OnHold,
    Chapter::FirstMeeting,
    Chapter::Expired,
    Chapter::Met,
    Chapter::Declined,
    Chapter::InConversation,
    Chapter::Closed,
    Chapter::NotNow,
    Chapter::Sent,
    Chapter::Withdrawn,
    Chapter::Blocked,
    Chapter::Undelivered,
    Chapter::AskingSecond,
    Chapter::AskingStartup,
    Chapter::AskingInvestor,
    Chapter::Paused,
];

/// How many matches each startup is shown.
const RELEASED: usize = 3;

/// Tells the story on the context's clock, up to the present.
pub async fn tell(
    context: &Context,
    settled: &Settled,
    mailer: Mailer,
    config: &Config,
    bar: &mut Progress,
) -> Result<(), Failure> {
    let sender = Sender::new(context.clone(), mailer, jobs_options(config));
    let teller = Teller {
        context,
        settled,
        sender,
        end: Utc::now(),
    };
    teller.wait(TimeDelta::days(3)).await?;
    let released = teller.release_matches(bar).await?;
    teller.hold_something().await?;
    let mut used = BTreeSet::new();
    for (place, chapter) in CHAPTERS.iter().enumerate() {
        if chapter.is_recent() {
            teller.wait_until_recently().await?;
        }
        let matched = loop {
            let next = pick(&released, &mut used, place)?;
            if let Some(shown) = teller.still_shown(next).await? {
                break shown;
            }
        };
        teller.begin(*chapter, &matched).await?;
        bar.step();
    }
    teller.show_more().await?;
    teller.catch_up().await
}

/// The next released match of two firms that have no part in the story yet.
fn pick<'a>(
    released: &'a [Match],
    used: &mut BTreeSet<OrganizationId>,
    place: usize,
) -> Result<&'a Match, Failure> {
    let free =
        |matched: &&Match| !used.contains(&matched.startup) && !used.contains(&matched.investor);
    let found = released
        .iter()
        .find(free)
        .or_else(|| {
            released
                .iter()
                .find(|matched| !used.contains(&matched.startup))
        })
        .ok_or_else(|| Failure::new(format!("the demo has no match left for chapter {place}")))?;
    used.insert(found.startup);
    used.insert(found.investor);
    Ok(found)
}

struct Teller<'a> {
    context: &'a Context,
    settled: &'a Settled,
    sender: Sender,
    end: DateTime<Utc>,
}

impl Teller<'_> {
    /// Lets time pass, never beyond the present, and everything due happen.
    async fn wait(&self, time: TimeDelta) -> Result<(), Failure> {
        let left = self.end - self.context.now();
        self.context.clock.advance(time.min(left));
        clock::strike(self.context).await?;
        self.send().await
    }

    async fn wait_until_recently(&self) -> Result<(), Failure> {
        let recently = self.end - TimeDelta::days(3);
        self.wait((recently - self.context.now()).max(TimeDelta::zero()))
            .await
    }

    async fn catch_up(&self) -> Result<(), Failure> {
        self.wait(TimeDelta::weeks(52)).await
    }

    async fn send(&self) -> Result<(), Failure> {
        let stop = CancellationToken::new();
        while self.sender.turn(&stop).await? > 0 {}
        Ok(())
    }

    /// Puts the best matches of every live startup on record and shows those
    /// that the gate allows to both sides, best first overall.
    async fn release_matches(&self, bar: &mut Progress) -> Result<Vec<Match>, Failure> {
        let mut released = vec![];
        for startup in &self.settled.startups {
            bar.step();
            if !startup.live {
                continue;
            }
            let query = Query::Startup(startup.profile);
            let best = Request::best(query, Some(self.settled.programme), RELEASED);
            let (_, ranked) = matches::rank(self.context, &self.settled.curator, best).await?;
            for line in ranked.items {
                let computed = matches::compute(
                    self.context,
                    &self.settled.curator,
                    None,
                    self.settled.programme,
                    line.explanation.startup.0,
                    line.explanation.mandate.0,
                )
                .await?;
                if computed.status == MatchStatus::Candidate {
                    released.extend(self.release(computed.id).await?);
                }
            }
        }
        released.sort_by_key(|matched| std::cmp::Reverse(matched.explanation.exact));
        Ok(released)
    }

    /// The match, or the one that a curator puts in its place when nobody
    /// answered it for so long that it ended, if the gate lets it.
    async fn still_shown(&self, matched: &Match) -> Result<Option<Match>, Failure> {
        let found = matches::find(self.context, &self.settled.curator, matched.id).await?;
        if found.status != MatchStatus::Expired {
            return Ok(Some(found));
        }
        let again = matches::compute(
            self.context,
            &self.settled.curator,
            None,
            self.settled.programme,
            matched.startup_profile,
            matched.mandate,
        )
        .await?;
        self.release(again.id).await
    }

    async fn release(&self, id: MatchId) -> Result<Option<Match>, Failure> {
        let action = MatchAction::Release(Audience::Both);
        let released =
            matches::transition(self.context, &self.settled.curator, None, id, None, action).await;
        match released {
            Ok(matched) => Ok(Some(matched)),
            // The gate wants a decision first; the match stays a candidate.
            Err(Error::Refused(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What was shown at the beginning has ended or gone on by now, and the
    /// investors have room again.
    async fn show_more(&self) -> Result<(), Failure> {
        let filter = Listed::of_status(MatchStatus::Candidate);
        let page = PageRequest {
            cursor: None,
            limit: 100,
        };
        let found = matches::list(self.context, &self.settled.curator, filter, page).await?;
        for matched in found.items {
            self.release(matched.id).await?;
        }
        Ok(())
    }

    /// Compliance lets sensitive startups be shown; then a doubt about their
    /// owners comes up, so that the gate holds the introductions a curator asks
    /// for, and compliance refuses one of them.
    async fn hold_something(&self) -> Result<(), Failure> {
        let filter = Listed::of_status(MatchStatus::UnderReview);
        let page = PageRequest {
            cursor: None,
            limit: 100,
        };
        let found = matches::list(self.context, &self.settled.curator, filter, page).await?;
        let officer = self.officer()?;
        let sensitive = |matched: &Match| {
            matched.explanation.gates.iter().any(|trace| {
                trace.gate == Gate::Sensitivity && trace.verdict == GateVerdict::Unknown
            })
        };
        let mut held = 0;
        for matched in found.items.into_iter().filter(sensitive) {
            let allow = Move {
                reason: Some("Sold to civil utilities only; no end use of concern.".to_owned()),
                ..MatchAction::Allow.into()
            };
            matches::transition(self.context, officer, None, matched.id, None, allow).await?;
            let doubt = NewClearance {
                organization: matched.startup,
                verdict: ClearanceVerdict::Review,
                basis: "An owner has changed; the registry of companies is asked.".to_owned(),
                proof: Proof {
                    reference: Some("Registry request 2026/31".to_owned()),
                    document: None,
                },
                source_of_funds: None,
                valid_to: (self.end + TimeDelta::days(180)).date_naive(),
                after: None,
            };
            compliance::record_clearance(self.context, officer, None, doubt).await?;
            let asked = self.ask(&self.settled.curator, &matched).await;
            let Ok(introduction) = asked else { continue };
            held += 1;
            if held == 2 {
                let why = "The new owner could not be identified.".to_owned();
                let refuse = Step::Refuse(why);
                introductions::transition(self.context, officer, None, introduction, None, refuse)
                    .await?;
                break;
            }
        }
        Ok(())
    }

    fn officer(&self) -> Result<&Caller, Failure> {
        let first = self.settled.compliance.first();
        first.ok_or_else(|| Failure::new("the demo has nobody in compliance"))
    }

    async fn ask(&self, caller: &Caller, matched: &Match) -> Result<IntroductionId, Failure> {
        const BLURB: &str = "Both teams work on the same problem from two ends: one has the technology in daily use, the other the sites, the licences and the customers. A first call of thirty minutes should show whether a joint pilot in the region makes sense.";
        let introduction = introductions::request(
            self.context,
            caller,
            None,
            matched.id,
            BLURB.to_owned(),
            Enclosed::default(),
        )
        .await?;
        self.send().await?;
        Ok(introduction.id)
    }

    async fn act(
        &self,
        caller: &Caller,
        id: IntroductionId,
        action: Action,
    ) -> Result<(), Failure> {
        introductions::transition(self.context, caller, None, id, None, Step::Other(action))
            .await?;
        Ok(())
    }

    async fn answer(
        &self,
        caller: &Caller,
        id: IntroductionId,
        answer: Answer,
    ) -> Result<(), Failure> {
        let step = Step::Answer(Reply::Answer(answer), Enclosed::default());
        introductions::transition(self.context, caller, None, id, None, step).await?;
        self.send().await
    }

    fn person(&self, organization: OrganizationId) -> Result<&Caller, Failure> {
        let startups = self.settled.startups.iter().map(|startup| &startup.member);
        let investors = self
            .settled
            .investors
            .iter()
            .map(|investor| &investor.member);
        startups
            .chain(investors)
            .find(|member| member.organization == organization)
            .map(|member| &member.caller)
            .ok_or_else(|| Failure::new("the demo lost somebody"))
    }

    async fn begin(&self, chapter: Chapter, matched: &Match) -> Result<(), Failure> {
        use Chapter as C;
        let founder = self.person(matched.startup)?;
        let investor = self.person(matched.investor)?;
        match chapter {
            C::AskingSecond => {
                let id = self.ask(&self.settled.curator, matched).await?;
                self.wait(TimeDelta::days(1)).await?;
                self.answer(founder, id, Answer::Accept).await
            }
            C::AskingStartup => self.ask(investor, matched).await.map(drop),
            C::AskingInvestor => self.ask(founder, matched).await.map(drop),
            C::Blocked => {
                let id = self.ask(founder, matched).await?;
                let why = "The investor's owner is on a list that came out today.".to_owned();
                let (officer, block) = (self.officer()?, Step::Block(why));
                introductions::transition(self.context, officer, None, id, None, block).await?;
                Ok(())
            }
            C::Paused => {
                self.ask(founder, matched).await?;
                let scope = FreezeScope::Organization(matched.startup);
                let why = "Its export licence is being renewed.".to_owned();
                let order = NewFreeze::of(scope, why);
                freezes::order(self.context, self.officer()?, None, order).await?;
                Ok(())
            }
            C::Expired => {
                self.ask(founder, matched).await?;
                self.wait(TimeDelta::days(1)).await
            }
            C::Withdrawn => {
                let id = self.ask(founder, matched).await?;
                self.wait(TimeDelta::days(1)).await?;
                self.act(founder, id, Action::Withdraw).await
            }
            C::Declined => {
                let id = self.ask(founder, matched).await?;
                self.wait(TimeDelta::days(2)).await?;
                let answer = Answer::Decline {
                    reason: PassReason::ThesisMismatch,
                    share: true,
                };
                self.answer(investor, id, answer).await
            }
            C::NotNow => {
                let id = self.ask(founder, matched).await?;
                self.wait(TimeDelta::days(1)).await?;
                let until = self.end + TimeDelta::days(60);
                self.answer(investor, id, Answer::NotNow { until }).await
            }
            _ => self.connect(chapter, matched, founder, investor).await,
        }
    }

    /// The chapters in which both say yes.
    async fn connect(
        &self,
        chapter: Chapter,
        matched: &Match,
        founder: &Caller,
        investor: &Caller,
    ) -> Result<(), Failure> {
        use Chapter as C;
        let id = self.ask(founder, matched).await?;
        self.wait(TimeDelta::days(1)).await?;
        self.answer(investor, id, Answer::Accept).await?;
        self.expect_sent(id).await?;
        match chapter {
            C::Sent => return Ok(()),
            C::Undelivered => {
                self.wait(TimeDelta::hours(3)).await?;
                return undelivered::come_back(self.context, id, investor).await;
            }
            _ => {}
        }
        self.wait(TimeDelta::hours(20)).await?;
        self.act(investor, id, Action::Reply).await?;
        if chapter == C::InConversation {
            return Ok(());
        }
        self.wait(TimeDelta::days(1)).await?;
        self.act(founder, id, Action::Meet).await?;
        match chapter {
            C::Met => Ok(()),
            C::Closed => self.act(investor, id, Action::Close).await,
            _ => {
                self.act(founder, id, Action::Convert).await?;
                self.act(investor, id, Action::Convert).await?;
                let deal = self.deal_of(id).await?;
                self.follow_deal(chapter, deal, founder, investor).await
            }
        }
    }

    async fn expect_sent(&self, id: IntroductionId) -> Result<(), Failure> {
        let seen = introductions::find(self.context, &self.settled.curator, id).await?;
        if seen.introduction.status == IntroductionStatus::Sent {
            Ok(())
        } else {
            Err(Failure::new("an introduction of the demo was not sent"))
        }
    }
}
