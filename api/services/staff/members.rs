//! Members: invited, enrolled with a second factor, deactivated.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{MemberPage, StaffError, StaffService};
use crate::{
    db::StorageError,
    domain::{
        data_dictionary::{Category, STAFF_EMAIL, STAFF_NAME, STAFF_TOTP},
        email::Email,
        evidence::Act,
        factor::TOTP_SECRET as SECRET_LENGTH,
        ids::StaffId,
        message::{Channel, Message, MessageBody},
        password::Password,
        real_name::RealName,
        staff::{
            FEWEST_ADMINS, INVITATION_LASTS, KEPT_YEARS, LAPSED_KEPT, SealedMember, StaffMember, StaffRole,
            StaffState,
        },
        time::Timestamp,
    },
    repositories::{
        log as leaves, outbox,
        staff::{self, Invitation},
    },
    services::{
        accounts::factors::qr_image,
        cursors,
        erasure::ErasureService,
        idempotency::{Draft, Recording},
        log::LeafDraft,
        outbox as messages, proofs,
        tokens::opaque::{self, Presented, TokenKind},
        vault::{Row, SubjectKeys, kms::KmsError},
    },
};

const INVITED: Act = Act { name: "staff.invited", object: "staff", clause: "5.2" };
const JOINED: Act = Act { name: "staff.joined", object: "staff", clause: "5.2" };
const DEACTIVATED: Act = Act { name: "staff.deactivated", object: "staff", clause: "5.2" };
const BOOTSTRAPPED: Act = Act { name: "staff.bootstrapped", object: "staff", clause: "5.2" };

const LIST: &str = "staff_members";

/// What an invited member chooses.
pub struct Enrolment {
    pub token: String,
    pub name: RealName,
    pub password: Password,
}

/// A second factor that waits for its first code.
pub struct ProposedFactor {
    pub otpauth_url: Zeroizing<String>,
    pub secret: Zeroizing<String>,
    /// An SVG.
    pub qr_image: Zeroizing<String>,
    pub expires_at: Timestamp,
}

/// A member to be, and the token of the invitation.
struct Prepared {
    invitation: Invitation,
    keys: std::sync::Arc<SubjectKeys>,
    token: SecretString,
}

impl StaffService {
    /// Makes the two first admins; gives the tokens of their invitations.
    ///
    /// # Errors
    ///
    /// [`StaffError::StateConflict`] if there is a member already.
    pub async fn bootstrap(&self, emails: [Email; 2]) -> Result<Vec<(Email, SecretString)>, StaffError> {
        let now = self.clock.now();
        let mut prepared = Vec::new();
        for email in &emails {
            prepared.push(self.prepare(email, None, now).await?);
        }
        let rows: Vec<_> = prepared
            .iter()
            .map(|prepared| {
                let facts = vec![
                    ("staff", prepared.invitation.id.to_string()),
                    ("role", StaffRole::Admin.as_str().to_owned()),
                ];
                Ok((prepared.invitation.clone(), LeafDraft::new(now)?.of_service(&BOOTSTRAPPED, &facts)))
            })
            .collect::<Result<_, KmsError>>()?;
        self.db
            .write(move |c| {
                if staff::exists(c)? {
                    return Err(StaffError::StateConflict);
                }
                for (invitation, leaf) in &rows {
                    invite(c, invitation)?;
                    leaves::append(c, leaf)?;
                    staff::grant(c, invitation.id, StaffRole::Admin, leaf.id, now)?;
                }
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(emails.into_iter().zip(prepared.into_iter().map(|prepared| prepared.token)).collect())
    }

    /// Invites a member, by mail. Roles are granted apart.
    ///
    /// # Errors
    ///
    /// [`StaffError::EmailTaken`] if the address is a member's.
    #[tracing::instrument(skip_all)]
    pub async fn invite(
        &self,
        by: StaffId,
        email: &Email,
        recording: Recording<StaffMember>,
    ) -> Result<StaffMember, StaffError> {
        let now = self.clock.now();
        let Prepared { invitation, keys, token } = self.prepare(email, Some(by), now).await?;
        let body = MessageBody::StaffInvitation {
            token: Zeroizing::new(token.expose_secret().to_owned()),
            hours: INVITATION_LASTS.num_hours(),
        };
        let message = Message { language: "en".to_owned(), body };
        let mail = messages::seal(&keys, Channel::Mail, email, &message, now)?;
        let facts = vec![("staff", invitation.id.to_string()), ("by", by.to_string())];
        let leaf = LeafDraft::new(now)?.of_staff(by, &INVITED, &facts);
        let own = self.vault.keys_of(by.subject()).await?;
        let member = StaffMember {
            id: invitation.id,
            state: StaffState::Invited,
            email: email.clone(),
            name: None,
            roles: Vec::new(),
            created_at: now,
        };
        let answer = member.clone();
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                invite(c, &invitation)?;
                leaves::append(c, &leaf)?;
                outbox::insert(c, &mail)?;
                recording.record(c, &own, &answer)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(member)
    }

    async fn prepare(
        &self,
        email: &Email,
        invited_by: Option<StaffId>,
        now: Timestamp,
    ) -> Result<Prepared, StaffError> {
        let id = StaffId::generate(now);
        let keys = self.vault.create(id.subject(), Category::AT_REGISTRATION, now).await?;
        let issued = opaque::issue(self.vault.kms(), TokenKind::StaffInvitation, id.subject())?;
        let invitation = Invitation {
            id,
            email: keys.seal(&STAFF_EMAIL, Row(id.as_bytes()), email)?.into_envelope(),
            indexes: self.email_indexes(email),
            token_mac: issued.mac,
            expires_at: now.plus(INVITATION_LASTS),
            invited_by,
            created_at: now,
        };
        Ok(Prepared { invitation, keys, token: issued.text })
    }

    fn invited(&self, token: &str) -> Result<(StaffId, Presented), StaffError> {
        let presented = opaque::read(self.vault.kms(), TokenKind::StaffInvitation, token)
            .ok_or(StaffError::InvitationEnded)?;
        Ok((StaffId::from_uuid(presented.account_id.as_uuid()), presented))
    }

    /// Takes an invitation up: name and password, and a second factor that waits for its first code.
    ///
    /// # Errors
    ///
    /// [`StaffError::InvitationEnded`], alike for all reasons; [`StaffError::Weak`].
    #[tracing::instrument(skip_all)]
    pub async fn accept(
        &self,
        enrolment: Enrolment,
        repeatable: Option<Draft>,
    ) -> Result<ProposedFactor, StaffError> {
        let now = self.clock.now();
        let (id, presented) = self.invited(&enrolment.token)?;
        let email = self.db.read(move |c| staff::find_invited(c, id, &presented.mac, now)).await?;
        let email = email.ok_or(StaffError::InvitationEnded)?;
        let keys = self.vault.keys_of(id.subject()).await?;
        let row = Row(id.as_bytes());
        let email: Email =
            keys.open(&STAFF_EMAIL, row, &crate::domain::sealed::Sealed::from_envelope(email))?;
        let place = self.passwords.place()?;
        let phc = self.passwords.accept(place, enrolment.password, enrolment.name.clone(), email.clone());
        let phc = phc.await?.map_err(StaffError::Weak)?;
        let password = self.vault.pepper(id.subject(), &phc)?;
        let mut secret = Zeroizing::new([0; SECRET_LENGTH]);
        getrandom::fill(secret.as_mut_slice()).map_err(|_| KmsError::Randomness)?;
        let otpauth_url = proofs::otpauth_url(secret.as_slice(), &self.issuer, &email)?;
        let proposed = ProposedFactor {
            qr_image: qr_image(&otpauth_url)?,
            otpauth_url,
            secret: proofs::base32(secret.as_slice()),
            expires_at: now.plus(INVITATION_LASTS),
        };
        let name = keys.seal(&STAFF_NAME, row, &enrolment.name)?.into_envelope();
        let sealed = keys.seal_bytes(&STAFF_TOTP, row, secret.as_slice())?;
        self.db
            .write_for(id, move |c| {
                if !staff::enrol(c, id, &presented.mac, (&name, &password, &sealed), now)? {
                    return Err(StaffError::InvitationEnded);
                }
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, id.subject(), 201)?;
                }
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(proposed)
    }

    /// Completes an invitation by the first code of the second factor.
    ///
    /// # Errors
    ///
    /// [`StaffError::InvitationEnded`], [`StaffError::WrongCode`] after counting the try.
    #[tracing::instrument(skip_all)]
    pub async fn confirm(
        &self,
        token: &str,
        code: &str,
        recording: Recording<StaffMember>,
    ) -> Result<StaffMember, StaffError> {
        let now = self.clock.now();
        let (id, presented) = self.invited(token)?;
        let bucket = self.throttles.bucket(crate::domain::throttle::STAFF, &[id.as_bytes(), b"enrolment"])?;
        let repeated = recording.clone();
        let secret = self
            .db
            .write_for(id, move |c| {
                repeated.refuse_if_done(c)?;
                crate::services::throttles::take::<StaffError>(c, &[bucket], now)?;
                staff::find_invited(c, id, &presented.mac, now)?.ok_or(StaffError::InvitationEnded)?;
                staff::find_proposed(c, id)?.ok_or(StaffError::InvitationEnded)
            })
            .await?;
        let keys = self.vault.keys_of(id.subject()).await?;
        let step =
            proofs::totp_step_in(&STAFF_TOTP, &keys, &secret, code, now)?.ok_or(StaffError::WrongCode)?;
        let leaf = LeafDraft::new(now)?.of_staff(id, &JOINED, &vec![("staff", id.to_string())]);
        let sealed = self.db.read(move |c| staff::find(c, id)).await?.ok_or(StaffError::InvitationEnded)?;
        let member = self.open_member(SealedMember { state: StaffState::Active, ..sealed }).await?;
        let answer = member.clone();
        self.db
            .write_for(id, move |c| {
                if !staff::activate(c, id, &presented.mac, &secret, step, now)? {
                    return Err(StaffError::InvitationEnded);
                }
                crate::services::throttles::give_back(c, &bucket)?;
                leaves::append(c, &leaf)?;
                recording.record(c, &keys, &answer)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(member)
    }

    /// A member.
    ///
    /// # Errors
    ///
    /// [`StaffError::NotFound`].
    pub async fn member(&self, id: StaffId) -> Result<StaffMember, StaffError> {
        let sealed = self.db.read(move |c| staff::find(c, id)).await?.ok_or(StaffError::NotFound)?;
        self.open_member(sealed).await
    }

    /// The members, page by page.
    ///
    /// # Errors
    ///
    /// [`StaffError::Cursor`].
    pub async fn members(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<MemberPage, StaffError> {
        let kms = self.vault.kms();
        let after = cursors::id(kms, LIST, reader.subject(), cursor, StaffId::from_uuid)?;
        let rows = self.db.read(move |c| staff::list(c, after, i64::from(limit) + 1)).await?;
        let (rows, next_cursor) =
            cursors::page(kms, LIST, reader.subject(), rows, limit, |row| row.id.as_bytes().to_vec())?;
        let mut members = Vec::with_capacity(rows.len());
        for row in rows {
            members.push(self.open_member(row).await?);
        }
        Ok(MemberPage { members, next_cursor })
    }

    /// Ends a member at once: sessions, roles, invitation.
    ///
    /// # Errors
    ///
    /// [`StaffError::SecondPersonRequired`] for oneself; [`StaffError::StateConflict`] if it has ended,
    /// or if fewer admins were left than it takes to grant a role.
    #[tracing::instrument(skip_all)]
    pub async fn deactivate(
        &self,
        by: StaffId,
        id: StaffId,
        recording: Recording<StaffMember>,
    ) -> Result<StaffMember, StaffError> {
        if by == id {
            return Err(StaffError::SecondPersonRequired);
        }
        let now = self.clock.now();
        let sealed = self.db.read(move |c| staff::find(c, id)).await?.ok_or(StaffError::NotFound)?;
        let ended = SealedMember { state: StaffState::Deactivated, roles: Vec::new(), ..sealed };
        let member = self.open_member(ended).await?;
        let facts = vec![("staff", id.to_string()), ("by", by.to_string())];
        let leaf = LeafDraft::new(now)?.of_staff(by, &DEACTIVATED, &facts);
        let own = self.vault.keys_of(by.subject()).await?;
        let answer = member.clone();
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                if staff::roles_of(c, id)?.contains(&StaffRole::Admin)
                    && staff::count_holders(c, StaffRole::Admin)? <= FEWEST_ADMINS
                {
                    return Err(StaffError::StateConflict);
                }
                if !staff::deactivate(c, id, now)? {
                    return Err(StaffError::StateConflict);
                }
                leaves::append(c, &leaf)?;
                recording.record(c, &own, &answer)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(member)
    }
}

impl StaffService {
    /// Forgets members whose time has passed, and invitations that nobody accepted; says how many. The rows go first:
    /// a crash after that leaves stray keys, which are swept.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn forget(&self, erasure: &ErasureService, limit: i64) -> Result<usize, StaffError> {
        let now = self.clock.now();
        let before = (now.minus_years(KEPT_YEARS), now.minus(LAPSED_KEPT));
        let due = self.db.read_long(move |c| staff::list_to_forget(c, before, limit)).await?;
        let forgotten = due.len();
        for id in due {
            self.db.write_guarded(move |c| staff::delete(c, id)).await?;
            for category in Category::ALL {
                erasure.erase(id.subject(), *category).await?;
            }
        }
        Ok(forgotten)
    }
}

fn invite(c: &mut crate::db::Conn, invitation: &Invitation) -> Result<(), StaffError> {
    staff::invite(c, invitation).map_err(|error| match error {
        StorageError::Duplicate { .. } => StaffError::EmailTaken,
        other => other.into(),
    })
}
