//! Access by an authority of another country to data that are stored there (clauses 5.4 to 5.6). Nobody here lets
//! anything out, and no gate is asked: it is put on record, and the person is told.

use super::{
    DisclosureError, DisclosureService, DraftFault, StaffDisclosure,
    acting::record,
    drafts::{silence_of, with_hash, write_over},
    gate,
    ledger::{self, Actor, Particulars},
    release,
};
use crate::{
    domain::{
        consent::ConsentKind,
        country::Country,
        disclosure::{
            Disclosure, DisclosureState, Silence, classes::ClassRule, event::DisclosureStep,
            instrument::Instrument, recipient::Recipient, scope::DisclosureField,
        },
        ids::{AccountId, DisclosureId, InstrumentId, RecipientId, StaffId},
        purpose::Purpose,
        time::Timestamp,
    },
    repositories::{accounts, disclosures, instruments},
    services::idempotency::Recording,
};

/// What an authority took, about whom.
#[derive(Clone)]
pub struct AuthorityAccess {
    pub account_id: AccountId,
    /// The authority, as the register has it.
    pub recipient_id: RecipientId,
    pub fields: Vec<DisclosureField>,
    pub accessed_at: Timestamp,
    /// The order of the authority that forbids to tell, if one does.
    pub instrument_id: Option<InstrumentId>,
}

impl DisclosureService {
    /// Puts an access on record.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Draft`] unless the recipient is an authority of another country, the access has happened, and
    /// an order that is named is one of this authority and in force.
    #[tracing::instrument(skip_all)]
    pub async fn record_access(
        &self,
        by: StaffId,
        access: AuthorityAccess,
        recording: Recording<StaffDisclosure>,
    ) -> Result<StaffDisclosure, DisclosureError> {
        let (now, owner) = (self.clock.now(), access.account_id);
        let recipient = self.recipient(access.recipient_id).await?;
        let instrument = match access.instrument_id {
            Some(id) => self.db.read(move |c| instruments::find(c, id)).await?,
            None => None,
        };
        check(&recipient, &access, instrument.as_ref(), now)?;
        let keys = self.vault.keys_of(owner).await?;
        let profile = self.profile_of(owner, &keys).await?;
        let taken = taken(by, &access, &recipient, silence_of(instrument.as_ref(), now), now);
        let subject = self.subject_of(owner, taken.id)?;
        let shown = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?.ok_or(DisclosureError::NotFound)?;
                recording.refuse_if_done(c)?;
                disclosures::insert(c, &taken, None)?;
                let told_at = taken.silence.is_none().then_some(now);
                let on_record =
                    Disclosure { released_at: Some(access.accessed_at), told_at, ..taken.clone() };
                write_over(c, &taken, &on_record)?;
                let scope = gate::scope_of(&on_record, &recipient);
                let step = (Actor::Staff(by), DisclosureStep::Accessed);
                let event = ledger::write(c, &keys, step, (&on_record, &scope), Particulars::default(), now)?;
                if taken.silence.is_none() {
                    release::tell(c, &on_record, &recipient, (&keys, profile.as_ref()), now)?;
                }
                let shown = StaffDisclosure {
                    disclosure: Disclosure { steps: 1, ..on_record },
                    subject,
                    recipient: recipient.clone(),
                    ground: None,
                    steps: vec![event],
                    standing: None,
                };
                record(&recording, c, &keys, &shown)?;
                Ok::<_, DisclosureError>(shown)
            })
            .await?;
        self.outbox.wake();
        Ok(shown)
    }
}

fn taken(
    by: StaffId,
    access: &AuthorityAccess,
    recipient: &Recipient,
    silence: Option<(Silence, Timestamp)>,
    now: Timestamp,
) -> Disclosure {
    let unhashed = Disclosure {
        account_id: access.account_id,
        id: DisclosureId::generate(now),
        recipient_id: recipient.id,
        purpose: Purpose::CrossBorderTransfer,
        fields: DisclosureField::sorted(access.fields.clone()),
        consent_kind: ConsentKind::PolicyClause,
        instrument_id: access.instrument_id,
        transfer_id: None,
        has_ground: false,
        revision: 1,
        scope_hash: [0; 32],
        state: DisclosureState::Recorded,
        requested_by: by,
        requested_at: now,
        changed_at: now,
        ends_at: now,
        released_at: None,
        feed_number: None,
        reviews_needed: 0,
        pulls: 0,
        steps: 0,
        silence,
        told_at: None,
    };
    with_hash(unhashed, recipient)
}

fn check(
    recipient: &Recipient,
    access: &AuthorityAccess,
    instrument: Option<&Instrument>,
    now: Timestamp,
) -> Result<(), DisclosureError> {
    let terms = &recipient.entry.terms;
    let is_authority = ClassRule::of(terms.class).is_some_and(|rule| rule.may_be_silent);
    let mut faults = Vec::new();
    if !is_authority || terms.country == Country::HOME || !recipient.is_active() {
        faults.push(DraftFault::Recipient);
    }
    if access.accessed_at > now {
        faults.push(DraftFault::AccessedAt);
    }
    // What keeps the person from knowing is an order that the legal team entered.
    let is_own = instrument.is_some_and(|order| order.recipient_id == recipient.id && order.is_in_force(now));
    if access.instrument_id.is_some() && !is_own {
        faults.push(DraftFault::InstrumentMissing);
    }
    if faults.is_empty() { Ok(()) } else { Err(DisclosureError::Draft(faults)) }
}
