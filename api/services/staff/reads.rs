//! Narrow reads: exact matches only, the asked fields only, for a purpose and a case, budgeted,
//! logged, and shown to the person.

use super::{StaffError, StaffService};
use crate::{
    domain::{
        account::{AccountState, Profile, ProfileField},
        email::Email,
        evidence::{Act, Evidence},
        ids::{AccountId, StaffId, StaffReadId, SupportCaseId},
        personal::{Personal, PersonalText},
        phone::PhoneNumber,
        staff::{ReadCase, ReadField, ReadPurpose, StaffRead},
        support::CaseState,
        time::Timestamp,
    },
    repositories::{
        account_emails, account_phones, accounts, log as leaves, profiles as profile_rows, staff,
        staff_reads, support_cases,
    },
    services::{
        contests::{self, Contest},
        cursors::{self, InvalidCursor},
        idempotency::Recording,
        log::LeafDraft,
        profiles, reads, throttles,
        vault::kms::KeyPurpose,
    },
};

const LOOKED_UP: Act = Act { name: "staff.person_looked_up", object: "account", clause: "5.2" };
const ALLOWED: Act = Act { name: "staff.reads_allowed", object: "staff", clause: "5.2" };

const ACCESS_LOG: &str = "access_log";

/// Who is looked for; nothing but an exact match finds anybody.
pub enum Lookup {
    Email(Email),
    Phone(PhoneNumber),
    Account(AccountId),
}

/// A person as everybody but a data processor sees it.
#[derive(Clone)]
pub struct MaskedPerson {
    pub account_id: AccountId,
    pub state: AccountState,
    pub real_name: String,
    pub email: String,
    pub phone: Option<String>,
}

/// What a lookup found.
pub type FoundPerson = MaskedPerson;

/// What a data processor wants opened.
pub struct ReadRequest {
    pub account_id: AccountId,
    pub fields: Vec<ProfileField>,
    pub purpose: ReadPurpose,
    pub support_case_id: SupportCaseId,
}

/// An opened field.
#[derive(Clone)]
pub struct OpenedField {
    pub field: ProfileField,
    pub value: Option<PersonalText>,
}

/// What was opened.
#[derive(Clone)]
pub struct OpenedFields {
    pub read: StaffRead,
    pub values: Vec<OpenedField>,
    /// What of it the person says is wrong.
    pub contested: Vec<Contest>,
}

/// More reads for somebody, for now.
#[derive(Clone, Copy)]
pub struct ReadAllowance {
    pub staff_id: StaffId,
    pub reads: u32,
    pub allowed_at: Timestamp,
}

/// A page of what staff opened of a person.
pub struct AccessLogPage {
    pub reads: Vec<StaffRead>,
    pub next_cursor: Option<String>,
}

impl StaffService {
    /// Finds a person by an exact match; what comes back is masked.
    ///
    /// # Errors
    ///
    /// [`StaffError::NotFound`].
    #[tracing::instrument(skip_all)]
    pub async fn find_person(
        &self,
        by: StaffId,
        lookup: Lookup,
        recording: Recording<MaskedPerson>,
    ) -> Result<MaskedPerson, StaffError> {
        let now = self.clock.now();
        let (id, kind) = match lookup {
            Lookup::Account(id) => (Some(id), "account_id"),
            Lookup::Email(email) => {
                let indexes = self.vault.blind_indexes(KeyPurpose::EmailIndex, email.expose());
                (self.db.read(move |c| account_emails::find_account(c, &indexes)).await?, "email")
            }
            Lookup::Phone(phone) => {
                let indexes = self.vault.blind_indexes(KeyPurpose::PhoneIndex, phone.expose());
                (self.db.read(move |c| account_phones::find_account(c, &indexes)).await?, "phone")
            }
        };
        let id = id.ok_or(StaffError::NotFound)?;
        let (standing, sealed) = self
            .db
            .read(move |c| {
                Ok::<_, StaffError>((
                    accounts::find_standing(c, id)?,
                    profile_rows::find_unless_erased(c, id)?,
                ))
            })
            .await?;
        let (standing, sealed) = standing.zip(sealed).ok_or(StaffError::NotFound)?;
        let keys = self.vault.keys_of(id).await?;
        let person = masked(standing.state, &profiles::open(&keys, &sealed)?);
        let facts = vec![("account", id.to_string()), ("staff", by.to_string()), ("by", kind.to_owned())];
        let leaf = LeafDraft::new(now)?.of_staff_upon(by, &keys, &LOOKED_UP, &facts)?;
        let answer = person.clone();
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                leaves::append(c, &leaf)?;
                recording.record(c, &keys, &answer)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(person)
    }

    /// Opens the asked fields of a person. The row that the person sees, its leaf and the budget are
    /// written first; without them nothing is shown.
    ///
    /// # Errors
    ///
    /// [`StaffError::NotFound`] if the case is not one of this person, [`StaffError::StateConflict`]
    /// if it is closed, [`StaffError::BudgetExhausted`].
    #[tracing::instrument(skip_all)]
    pub async fn read_personal_data(
        &self,
        by: StaffId,
        request: ReadRequest,
        recording: Recording<OpenedFields>,
    ) -> Result<OpenedFields, StaffError> {
        let now = self.clock.now();
        let id = request.account_id;
        let keys = self.vault.keys_of(id).await?;
        let sealed = self.db.read(move |c| profile_rows::find_unless_erased(c, id)).await?;
        let sealed = sealed.ok_or(StaffError::NotFound)?;
        let profile = profiles::open(&keys, &sealed)?;
        let values: Vec<OpenedField> = request
            .fields
            .iter()
            .map(|field| OpenedField { field: *field, value: value_of(&profile, *field) })
            .collect();
        let (draft, read_id) = (LeafDraft::new(now)?, StaffReadId::generate(now));
        let budget = self.budget.of(by)?;
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let fields: Vec<ReadField> = request.fields.iter().copied().map(ReadField::from).collect();
                let case = support_cases::find_owned(c, id, request.support_case_id)?;
                let case = case.ok_or(StaffError::NotFound)?;
                if case.state == CaseState::Closed {
                    return Err(StaffError::StateConflict);
                }
                reads::admit(c, (id, request.purpose, &fields), &budget, now)?;
                let sequence = accounts::take_sequence(c, id, 1)?.ok_or(StaffError::NotFound)?;
                let read = StaffRead {
                    account_id: id,
                    sequence,
                    id: read_id,
                    staff_id: by,
                    fields,
                    purpose: request.purpose,
                    case: ReadCase::Support(request.support_case_id),
                    read_at: now,
                    leaf_id: draft.id(),
                };
                leaves::append(c, &draft.of_staff_upon(by, &keys, read.act(), &read.facts())?)?;
                staff_reads::append(c, &read)?;
                let mut contested = contests::list(c, &keys)?;
                contested.retain(|contest| read.fields.contains(&contest.field.read_as()));
                let opened = OpenedFields { read, values: values.clone(), contested };
                recording.record(c, &keys, &opened)?;
                Ok(opened)
            })
            .await
    }

    /// Allows a reader more for now.
    ///
    /// # Errors
    ///
    /// [`StaffError::SecondPersonRequired`] for oneself; [`StaffError::NotFound`].
    #[tracing::instrument(skip_all)]
    pub async fn allow_reads(
        &self,
        by: StaffId,
        reader: StaffId,
        reads: u32,
        recording: Recording<ReadAllowance>,
    ) -> Result<ReadAllowance, StaffError> {
        if by == reader {
            return Err(StaffError::SecondPersonRequired);
        }
        let now = self.clock.now();
        let budget = self.budget.of(reader)?;
        let facts = vec![("staff", reader.to_string()), ("by", by.to_string()), ("reads", reads.to_string())];
        let leaf = LeafDraft::new(now)?.of_staff(by, &ALLOWED, &facts);
        let own = self.vault.keys_of(by.subject()).await?;
        let allowance = ReadAllowance { staff_id: reader, reads, allowed_at: now };
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                staff::find(c, reader)?.ok_or(StaffError::NotFound)?;
                for _ in 0..reads {
                    throttles::give_back(c, &budget)?;
                }
                leaves::append(c, &leaf)?;
                recording.record(c, &own, &allowance)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(allowance)
    }

    /// What staff opened of a person, newest first.
    ///
    /// # Errors
    ///
    /// [`StaffError::Cursor`].
    pub async fn access_log(
        &self,
        person: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<AccessLogPage, StaffError> {
        let kms = self.vault.kms();
        let before = match cursor {
            Some(cursor) => {
                let position = cursors::unwrap(kms, ACCESS_LOG, person, cursor)?;
                i64::from_be_bytes(position.try_into().map_err(|_| InvalidCursor)?)
            }
            None => i64::MAX,
        };
        let rows =
            self.db.read(move |c| staff_reads::list_owned(c, person, before, i64::from(limit) + 1)).await?;
        let (reads, next_cursor) =
            cursors::page(kms, ACCESS_LOG, person, rows, limit, |read| read.sequence.to_be_bytes().to_vec())?;
        Ok(AccessLogPage { reads, next_cursor })
    }
}

fn value_of(profile: &Profile, field: ProfileField) -> Option<PersonalText> {
    match field {
        ProfileField::RealName => Some(PersonalText::of(&profile.real_name)),
        ProfileField::DisplayName => profile.display_name.as_ref().map(PersonalText::of),
        ProfileField::Email => Some(PersonalText::of(&profile.email)),
        ProfileField::Phone => profile.phone.as_ref().map(PersonalText::of),
        ProfileField::Language => Some(PersonalText::of(&profile.language)),
        ProfileField::TimeZone => profile.time_zone.as_ref().map(PersonalText::of),
    }
}

/// Enough to tell people apart who are known already, and no more.
fn masked(state: AccountState, profile: &Profile) -> MaskedPerson {
    let email = profile.email.expose();
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let ending = domain.rsplit('.').next().unwrap_or_default();
    let initials: Vec<String> = profile
        .real_name
        .expose()
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .map(|initial| format!("{initial}***"))
        .collect();
    let first = local.chars().next().map(String::from).unwrap_or_default();
    let phone = profile.phone.as_ref().map(|phone| {
        let digits = phone.expose();
        let shown: String = digits.chars().skip(digits.chars().count().saturating_sub(2)).collect();
        format!("***{shown}")
    });
    MaskedPerson {
        account_id: profile.account_id,
        state,
        real_name: initials.join(" "),
        email: format!("{first}***@***.{ending}"),
        phone,
    }
}
