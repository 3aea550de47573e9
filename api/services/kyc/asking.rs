//! A verification that begins, with everything that goes with it: the case, the word to its person, the leaf.

use crate::{
    db::Conn,
    domain::{
        account::{AccountState, Profile},
        data_dictionary::KYC_PRIVATE_REASON,
        disclosure::scope::DisclosureField,
        ids::{KycCaseId, NoticeId, StaffId},
        kyc::{
            KycState,
            case::{KYC_REQUESTED, KycCase, KycGround},
        },
        message::MessageBody,
        personal::PersonalText,
        time::Timestamp,
    },
    repositories::{
        accounts, kyc_cases,
        log::{self as leaves, Leaf},
        outbox::SealedMessage,
    },
    services::{
        log::LeafDraft,
        mailing, notices,
        obligations::{self, Change},
        vault::{Row, SubjectKeys, VaultError},
    },
};

/// What is disclosed of a verification as long as it stands.
pub(super) const VERIFICATION_FIELDS: &[DisclosureField] =
    &[DisclosureField::IdentityDocuments, DisclosureField::VerificationStatus];

/// Why somebody is asked, and how long they have.
pub struct Asked<'a> {
    pub ground: KycGround,
    /// Who asks; nobody if a rule does.
    pub by: Option<StaffId>,
    /// What the person never learns.
    pub private_reason: Option<&'a PersonalText>,
    pub days: u16,
}

/// A verification that is ready to be written.
#[derive(Clone)]
pub struct Asking {
    case: KycCase,
    private_reason: Option<Vec<u8>>,
    mail: SealedMessage,
    notice: NoticeId,
    leaf: Leaf,
}

impl Asking {
    /// # Errors
    ///
    /// [`VaultError::NoKey`] if the person was erased.
    pub fn prepare(
        keys: &SubjectKeys,
        profile: &Profile,
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<Self, VaultError> {
        let id = keys.account_id();
        let case = KycCase::begin(id, KycCaseId::generate(now), asked.ground, asked.by, asked.days, now);
        let seal = |reason| keys.seal(&KYC_PRIVATE_REASON, Row(case.id.as_bytes()), reason);
        let reason = asked.private_reason.map(seal).transpose()?;
        let body = MessageBody::KycRequested {
            clause: case.ground.clause().to_owned(),
            until: case.due_at.for_people(),
        };
        let mut facts = vec![
            ("kyc_case", case.id.to_string()),
            ("account", id.to_string()),
            ("ground", case.ground.as_str().to_owned()),
            ("due_at", case.due_at.to_string()),
        ];
        facts.extend(asked.by.map(|by| ("staff", by.to_string())));
        let draft = LeafDraft::new(now)?;
        let act = case.act(KYC_REQUESTED);
        let leaf = match asked.by {
            Some(by) => draft.of_staff_upon(by, keys, &act, &facts)?,
            None => draft.of_person(keys, &act, &facts)?,
        };
        Ok(Self {
            private_reason: reason.map(crate::domain::sealed::Sealed::into_envelope),
            mail: mailing::mail(keys, profile, body, now)?,
            notice: NoticeId::generate(now),
            leaf,
            case,
        })
    }

    /// Begins it; nothing is written if one is open already, or of whoever has left. Who was told that the identity
    /// is verified is told that nothing vouches for it until it is again.
    ///
    /// # Errors
    ///
    /// Storage and sealing trouble only.
    pub fn write(&self, c: &mut Conn, keys: &SubjectKeys) -> Result<Option<KycCase>, VaultError> {
        let id = self.case.account_id;
        accounts::hold(c, id)?;
        let standing = accounts::find_standing(c, id)?;
        if !standing.is_some_and(|standing| standing.state != AccountState::Closed) {
            return Ok(None);
        }
        let was_verified =
            kyc_cases::find_current(c, id)?.is_some_and(|case| case.state == KycState::Approved);
        let number = kyc_cases::last_number(c, id)? + 1;
        let case = KycCase { number, ..self.case.clone() };
        if !kyc_cases::insert(c, &case, self.private_reason.as_deref())? {
            return Ok(None);
        }
        if was_verified {
            obligations::open(c, keys, Change::Corrected(VERIFICATION_FIELDS), case.requested_at)?;
        }
        notices::tell(c, id, self.notice, case.ground.notice(), Some(&self.mail), case.requested_at)?;
        leaves::append(c, &self.leaf)?;
        Ok(Some(case))
    }
}
