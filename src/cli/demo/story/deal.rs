//! The deals of the story, each up to where its chapter ends.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Chapter, Teller, round};
use crate::cli::demo::Failure;
use crate::db::deals::Filter;
use crate::domain::ids::{DealId, IntroductionId};
use crate::domain::pipeline::DealAction;
use crate::domain::text::Slug;
use crate::domain::values::CloseCode;
use crate::services::paging::PageRequest;
use crate::services::{Caller, deals};

impl Teller<'_> {
    pub(super) async fn deal_of(&self, introduction: IntroductionId) -> Result<DealId, Failure> {
        let page = PageRequest {
            cursor: None,
            limit: 100,
        };
        let filter = Filter::default();
        let found = deals::list(self.context, &self.settled.curator, filter, page).await?;
        found
            .items
            .into_iter()
            .map(|seen| seen.deal)
            .find(|deal| deal.introduction() == Some(introduction))
            .map(|deal| deal.id)
            .ok_or_else(|| Failure::new("a deal of the demo was not opened"))
    }

    /// The deal up to where its chapter ends.
    pub(super) async fn follow_deal(
        &self,
        chapter: Chapter,
        deal: DealId,
        founder: &Caller,
        investor: &Caller,
    ) -> Result<(), Failure> {
        use Chapter as C;
        let stages = match chapter {
            C::FirstMeeting => 1,
            C::OnHold | C::Lost => 2,
            C::DueDiligence => 3,
            C::TermSheet => 5,
            _ => 8,
        };
        for stage in 0..stages {
            self.wait(TimeDelta::hours(18)).await?;
            if stage < 3 {
                self.step(founder, deal, DealAction::Report, None).await?;
                self.step(investor, deal, DealAction::Report, None).await?;
            } else {
                self.fill_criteria(deal).await?;
                self.step(&self.settled.curator, deal, DealAction::Advance, None)
                    .await?;
            }
        }
        match chapter {
            C::OnHold => {
                let until = (self.end + TimeDelta::days(45)).date_naive();
                let why = Some("The investment committee meets again after the winter break.");
                self.step(investor, deal, DealAction::Hold(until), why)
                    .await
            }
            C::Lost => {
                let code = DealAction::Lose(CloseCode::Valuation);
                self.step(&self.settled.curator, deal, code, None).await
            }
            C::Won => round::won(self.context, deal, founder, investor).await,
            _ => Ok(()),
        }
    }

    /// Records whatever the present stage still asks for.
    async fn fill_criteria(&self, deal: DealId) -> Result<(), Failure> {
        let seen = deals::find(self.context, &self.settled.curator, deal).await?;
        let today = self.context.now().date_naive().to_string();
        let facts = seen
            .missing
            .iter()
            .filter_map(|fault| fault.pointer.strip_prefix("/facts/")?.parse().ok())
            .map(|key: Slug| {
                let amount = key.as_str().ends_with("amount");
                (
                    key,
                    Some(if amount {
                        "USD 1,000,000".to_owned()
                    } else {
                        today.clone()
                    }),
                )
            })
            .collect::<BTreeMap<_, _>>();
        if !facts.is_empty() {
            let changes = deals::Changes {
                facts,
                plan: deals::PlanChanges::default(),
            };
            deals::change(self.context, &self.settled.curator, deal, None, changes).await?;
        }
        Ok(())
    }

    async fn step(
        &self,
        caller: &Caller,
        deal: DealId,
        action: DealAction,
        note: Option<&str>,
    ) -> Result<(), Failure> {
        let note = note.map(str::to_owned);
        deals::transition(self.context, caller, None, deal, None, action, note).await?;
        Ok(())
    }
}
