//! Texts of practices and programmes that compliance has to read first: one way
//! for all that people of another firm would read.
//!
//! Words that name something restricted or prohibited are kept here, and nowhere
//! else: where they are for there is nothing, or what stood there before. Their
//! author's side sees that they wait, the others learn of nothing before two
//! people of compliance let them through; then they go to their place. What of a
//! deal waits does so among its notes, by the same machine.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::db::held_texts;
use crate::db::{self, Conn};
use crate::domain::deal_work::{NoteAction, NoteState};
use crate::domain::event::{Subject, Value};
use crate::domain::fault::Faults;
use crate::domain::held_text::{self, HeldPlace, HeldText, Standing, TextOf};
use crate::domain::ids::{OrganizationId, PracticeId};
use crate::domain::permission::Operation;
use crate::domain::refusal::Refusal;
use crate::domain::tag::Sensitivity;
use crate::domain::terms::{self, Marked};
use crate::domain::text::Slug;

use super::compliance::note_decision;
use super::held_places;
use super::once::{Recorded, write_once};
use super::transitions::{Open, check_version, code};
use super::{Caller, Context, Error, Intent};

/// Most texts of one firm that wait for compliance under a programme.
const MOST_WAITING: i64 = 20;

/// What stands between two tags of a scope in words.
pub(super) const SCOPE_BREAK: &str = ", ";

impl Recorded for HeldText {
    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i64 {
        held_text::version(self.standing())
    }
}

/// Whether a text names something restricted or prohibited.
pub(super) fn is_marked(context: &Context, text: &str) -> bool {
    !terms::marked(text, &context.taxonomy()).is_empty()
}

/// The words of a text that are in question: of a scope its tags.
pub fn words_of(context: &Context, held: &HeldText) -> Vec<Marked> {
    let taxonomy = context.taxonomy();
    let place = HeldPlace::from_code(&held.place);
    if !matches!(place, Some(HeldPlace::Scope | HeldPlace::FirstScope)) {
        return terms::marked(&held.text, &taxonomy);
    }
    let mut words = Vec::new();
    let mut start = 0;
    for tag in held.text.split(SCOPE_BREAK) {
        let end = start + tag.chars().count();
        if let Ok(slug) = tag.parse::<Slug>() {
            let sensitivity = taxonomy.sensitivity(&slug);
            words.push(Marked {
                start,
                end,
                words: tag.to_owned(),
                tag: slug,
                sensitivity,
            });
        }
        start = end + SCOPE_BREAK.chars().count();
    }
    words.retain(|it| it.sensitivity >= Sensitivity::Restricted);
    words
}

/// Whether words may stand at their place at once. Where they have to be read
/// first they are kept for it; what was kept for it before waits no longer. The
/// same words are not read twice.
pub(super) fn may_stand(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    (of, place): (TextOf, &HeldPlace),
    text: &str,
    organization: Option<OrganizationId>,
) -> Result<bool, Error> {
    if is_marked(context, text) {
        return admit(context, conn, caller, (of, place), text, organization);
    }
    held_texts::replace(conn, of, place)?;
    Ok(true)
}

/// [`may_stand`] of what has to be read whatever its words are.
pub(super) fn admit(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    (of, place): (TextOf, &HeldPlace),
    text: &str,
    organization: Option<OrganizationId>,
) -> Result<bool, Error> {
    let known = held_texts::at(conn, of, place)?;
    let mut known = known.iter().filter(|it| it.text == text);
    match known.next().map(|it| it.state) {
        Some(NoteState::Cleared) => {
            held_texts::replace(conn, of, place)?;
            return Ok(true);
        }
        // It waits as it is, or was refused for good.
        Some(_) => return Ok(false),
        None => held_texts::replace(conn, of, place)?,
    }
    if let Some(firm) = organization {
        check_room(conn, of, firm)?;
    }
    let held = HeldText {
        id: match place {
            HeldPlace::Comment(id) => *id,
            _ => context.new_id(),
        },
        of,
        place: place.to_string(),
        text: text.to_owned(),
        organization,
        author: caller.id(),
        state: NoteState::Waiting,
        first_cleared_by: None,
        created_at: context.now(),
    };
    held_texts::insert(conn, &held)?;
    let facts = vec![
        ("held", Value::Id(held.id)),
        ("place", code(&held.place)),
        ("text", Value::hash_of(text)),
    ];
    let kind = match of {
        TextOf::Programme(_) => "programme.text_kept",
        TextOf::Practice(..) => "practice.text_kept",
    };
    let pen = context.pen(caller.actor());
    pen.append(conn, kind, of.record(), facts)?;
    Ok(false)
}

/// Refuses one more text that waits while as many of its firm under the programme as
/// may be do: each takes two people of compliance to read it.
fn check_room(conn: &mut Conn, of: TextOf, firm: OrganizationId) -> Result<(), Error> {
    if held_texts::count_waiting(conn, of.programme(), firm)? < MOST_WAITING {
        return Ok(());
    }
    Err(Error::refused(
        "too_many_waiting",
        "As many texts of the firm as may be wait for compliance; say it otherwise, or wait.",
    ))
}

/// Whether something is kept from one of these places.
pub(super) fn is_kept(conn: &mut Conn, of: TextOf, places: &[HeldPlace]) -> Result<bool, Error> {
    Ok(!held_texts::kept_places(conn, of, places)?.is_empty())
}

/// Refuses what needs a text that is kept from its place.
pub(super) fn text_waits() -> Refusal {
    Refusal::new(
        "text_waits",
        "Compliance has to let its words through first; say it otherwise, or wait.",
    )
}

/// What of a record waits, or compliance keeps from its place for good, as far as
/// somebody knows of it.
#[derive(Debug, Clone, Default)]
pub struct Waiting(Vec<HeldText>);

impl Waiting {
    /// What waits of a record, of the caller's own side's words, or of all for the
    /// operator's people.
    pub(super) fn read(conn: &mut Conn, caller: &Caller, of: TextOf) -> Result<Self, Error> {
        let waiting = held_texts::kept_of(conn, of)?;
        Self::among(conn, caller, of, waiting)
    }

    /// [`Self::read`] of what waits for these places.
    pub(super) fn read_at(
        conn: &mut Conn,
        caller: &Caller,
        of: TextOf,
        places: &[HeldPlace],
    ) -> Result<Self, Error> {
        let waiting = held_texts::kept_at(conn, of, places)?;
        Self::among(conn, caller, of, waiting)
    }

    fn among(
        conn: &mut Conn,
        caller: &Caller,
        of: TextOf,
        waiting: Vec<HeldText>,
    ) -> Result<Self, Error> {
        if waiting.is_empty() {
            return Ok(Self::default());
        }
        let firms = sides_of(conn, of)?;
        Ok(Self::known_to(caller, &firms, waiting))
    }

    /// [`Self::read`] of several practices, which are looked up together.
    pub(super) fn read_practices(
        conn: &mut Conn,
        caller: &Caller,
        practices: &[PracticeId],
    ) -> Result<BTreeMap<PracticeId, Self>, Error> {
        let mut waiting: BTreeMap<PracticeId, Vec<HeldText>> = BTreeMap::new();
        for held in held_texts::kept_of_practices(conn, practices)? {
            if let Some(practice) = held.of.practice() {
                waiting.entry(practice).or_default().push(held);
            }
        }
        let mut known = BTreeMap::new();
        for (practice, held) in waiting {
            let Some(first) = held.first() else { continue };
            let firms = sides_of(conn, first.of)?;
            known.insert(practice, Self::known_to(caller, &firms, held));
        }
        Ok(known)
    }

    fn known_to(caller: &Caller, firms: &[OrganizationId], mut waiting: Vec<HeldText>) -> Self {
        let all = caller.reads_all_of(firms);
        waiting.retain(|it| {
            let ours = it.organization.is_some_and(|firm| caller.belongs_to(firm));
            ours || all
        });
        Self(waiting)
    }

    /// All of it, the longest waiting first.
    pub fn all(&self) -> &[HeldText] {
        &self.0
    }

    /// What waits for these places.
    pub fn at(&self, places: &[HeldPlace]) -> Vec<&HeldText> {
        let codes: Vec<String> = places.iter().map(ToString::to_string).collect();
        let waiting = self.0.iter();
        waiting.filter(|it| codes.contains(&it.place)).collect()
    }
}

/// What waits for compliance from these places of a record: of the caller's own
/// side, or all for the operator's people; to anybody else there is nothing.
pub async fn waiting(
    context: &Context,
    caller: &Caller,
    of: TextOf,
    places: Vec<HeldPlace>,
) -> Result<Waiting, Error> {
    if places.is_empty() {
        return Ok(Waiting::default());
    }
    let caller = caller.clone();
    let read = move |conn: &mut Conn| Waiting::read_at(conn, &caller, of, &places);
    context.db.read(read).await
}

/// The firms whose own people don't decide about it.
pub(super) fn firms_of(conn: &mut Conn, held: &HeldText) -> Result<Vec<OrganizationId>, Error> {
    let mut firms = sides_of(conn, held.of)?;
    firms.extend(held.organization);
    firms.sort_unstable();
    firms.dedup();
    Ok(firms)
}

/// Those of whom one reads what another wrote: the firms of a practice, the parties
/// of a programme.
fn sides_of(conn: &mut Conn, of: TextOf) -> Result<Vec<OrganizationId>, Error> {
    if let Some(practice) = of.practice() {
        let practice = db::practices::find(conn, practice)?.ok_or(Error::NotFound)?;
        return Ok(practice.firms().to_vec());
    }
    let programme = db::programmes::find(conn, of.programme())?.ok_or(Error::NotFound)?;
    let parties = programme.details.parties.iter();
    Ok(parties.map(|party| party.organization).collect())
}

/// What somebody says of a text; nobody lets their own words through.
fn ruled(held: &HeldText, caller: &Caller, release: bool) -> Result<Standing, Refusal> {
    let decided = held_text::decide(held.standing(), caller.id(), release)?;
    if release && held.author == caller.id() {
        return Err(Refusal::new(
            "second_person_needed",
            "You wrote it; two other people let it through.",
        ));
    }
    Ok(decided)
}

/// Refuses to say otherwise what nobody keeps from its place of the texts that
/// `is_theirs` says are the caller's, or to say just the words that are kept.
pub(super) fn check_kept(
    conn: &mut Conn,
    (of, place): (TextOf, &HeldPlace),
    text: &str,
    is_theirs: impl Fn(&HeldText) -> bool,
) -> Result<(), Error> {
    let kept = held_texts::kept_at(conn, of, std::slice::from_ref(place))?;
    match kept.into_iter().find(is_theirs) {
        None => Err(Error::refused(
            "nothing_kept",
            "Compliance keeps nothing of yours from that place.",
        )),
        Some(theirs) if theirs.text == text => Err(Error::refused(
            "unchanged",
            "Just these words are kept; say it otherwise.",
        )),
        Some(_) => Ok(()),
    }
}

/// Refuses words that name something restricted or prohibited where they can't
/// wait: the words are named, so that they are said otherwise.
pub(super) fn refuse(context: &Context, pointer: &str, text: &str) -> Result<(), Error> {
    let mut faults = Faults::new();
    for hit in terms::marked(text, &context.taxonomy()) {
        let detail = format!(
            "“{}” names what compliance has to look at; leave it out.",
            hit.words
        );
        faults.push(pointer.to_owned(), "sensitive_words", detail);
    }
    Ok(faults.finish()?)
}

fn load(conn: &mut Conn, id: Uuid) -> Result<HeldText, Error> {
    held_texts::find(conn, id)?.ok_or(Error::NotFound)
}

/// A text with what the caller can decide about it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The text.
    pub held: HeldText,
    /// The words in question.
    pub words: Vec<Marked>,
    /// What can be done, each with what stands in its way.
    pub open: Open<NoteAction>,
}

/// One text that waits or did, for compliance and who reads all that it does.
///
/// # Errors
/// No such text, or none of which the caller may know.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<Found, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let read = move |conn: &mut Conn| {
        let held = load(conn, id)?;
        let firms = firms_of(conn, &held)?;
        caller.may(Operation::ReadCompliance, &firms)?;
        let words = words_of(&context_in, &held);
        if caller.may(Operation::WriteCompliance, &firms).is_err() {
            let open = Vec::new();
            return Ok(Found { held, words, open });
        }
        let open = NoteAction::ALL.iter().filter_map(|action| {
            let releases = *action == NoteAction::Release;
            match ruled(&held, &caller, releases) {
                Err(refusal) if refusal.is_about_state() => None,
                other => Some((*action, other.err())),
            }
        });
        let open = open.collect();
        Ok(Found { held, words, open })
    };
    context.db.read(read).await
}

/// Lets a text through to its place, for which it takes two people of
/// compliance, or keeps it from there for good.
///
/// # Errors
/// No such text of which the caller decides; a refusal when it doesn't wait, or
/// for the first of the two again.
pub async fn decide(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (id, expected): (Uuid, Option<i64>),
    (action, reason): (NoteAction, String),
) -> Result<HeldText, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            let firms = firms_of(conn, &before)?;
            caller_in.may(Operation::WriteCompliance, &firms)?;
            check_version(expected, before.version())?;
            let release = action == NoteAction::Release;
            let (state, first) = ruled(&before, &caller_in, release)?;
            if !held_texts::decide(conn, &before, (state, first))? {
                return Err(Error::StaleVersion);
            }
            let (kind, record) = before.of.record();
            let subject = Subject::new(kind, record);
            let said = if release {
                "release_text"
            } else {
                "refuse_text"
            };
            note_decision(&context_in, &caller_in, conn, subject, said, &reason)?;
            let after = HeldText {
                state,
                first_cleared_by: first,
                ..before
            };
            log_decision(&context_in, conn, &caller_in, &after, action, &reason)?;
            if state == NoteState::Cleared {
                held_places::place(&context_in, conn, &after)?;
            }
            Ok(after)
        },
        move |conn, id| {
            let found = load(conn, id)?;
            let firms = firms_of(conn, &found)?;
            caller_again.may(Operation::WriteCompliance, &firms)?;
            Ok(found)
        },
    )
    .await
}

fn log_decision(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    after: &HeldText,
    action: NoteAction,
    reason: &str,
) -> Result<(), Error> {
    let kind = match after.of {
        TextOf::Programme(_) => "programme.text_decided",
        TextOf::Practice(..) => "practice.text_decided",
    };
    let facts = vec![
        ("held", Value::Id(after.id)),
        ("action", code(action.code())),
        ("to", code(after.state.code())),
        ("reason", Value::hash_of(reason)),
    ];
    let pen = context.pen(caller.actor());
    pen.append(conn, kind, after.of.record(), facts)
}
