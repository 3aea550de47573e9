//! Changing the password: the old one is shown once more, and every other session ends.

use super::{AccountError, AccountService};
use crate::{
    domain::{
        data_dictionary::CREDENTIAL_PASSWORD,
        evidence::Act,
        ids::{AccountId, SessionId},
        message::MessageBody,
        password::Password,
        session::SessionEnd,
        throttle,
        time::Timestamp,
    },
    repositories::{credentials, log as leaves, outbox, sessions, sign_in_challenges},
    services::{log::LeafDraft, mailing, throttles},
};

const PASSWORD_CHANGED: Act = Act { name: "account.password_changed", object: "account", clause: "2.3" };

impl AccountService {
    /// Puts a new password in the place of the current one.
    ///
    /// # Errors
    ///
    /// [`AccountError::WrongPassword`] after counting the try, durably; [`AccountError::Weak`].
    #[tracing::instrument(skip_all)]
    pub async fn change_password(
        &self,
        id: AccountId,
        session: SessionId,
        current: Password,
        new: Password,
    ) -> Result<Timestamp, AccountError> {
        let now = self.clock.now();
        let place = self.passwords.place()?;
        let bucket = self.throttles.bucket(throttle::OWN_DEVICE, &[id.as_bytes(), session.as_bytes()])?;
        let (_, credential) = self
            .db
            .write_for(id, move |c| {
                throttles::take::<AccountError>(c, &[bucket], now)?;
                credentials::find_with_account(c, id)?.ok_or(AccountError::NotFound)
            })
            .await?;
        let (phc, _) = self.vault.unpepper(id, &CREDENTIAL_PASSWORD, &credential.sealed)?;
        if !self.passwords.compare(place, current, Some(phc)).await?.matches {
            return Err(AccountError::WrongPassword);
        }
        // The current one was right, and only that is counted, whatever becomes of the new one.
        self.db.write_for(id, move |c| throttles::give_back(c, &bucket)).await?;
        let (keys, profile) = self.person(id).await?;
        let (name, email) = (profile.real_name.clone(), profile.email.clone());
        let phc = self.passwords.accept(self.passwords.place()?, new, name, email).await??;
        let password = self.vault.pepper(id, &phc)?;
        let leaf =
            LeafDraft::new(now)?.of_person(&keys, &PASSWORD_CHANGED, &vec![("account", id.to_string())])?;
        let notice =
            mailing::mail(&keys, &profile, MessageBody::PasswordChanged { at: now.for_people() }, now)?;
        self.db
            .write_for(id, move |c| {
                if !credentials::change(c, id, credential.version, &password, now, None)? {
                    return Err(AccountError::WrongPassword);
                }
                sessions::end_others(c, id, Some(session), SessionEnd::PasswordChanged, now)?;
                sign_in_challenges::delete_all(c, id)?;
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(now)
    }
}
