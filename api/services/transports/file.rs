//! The outbox of a developer: one file a message, in a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Failure, Outgoing, UnusableTransport, smtp};
use crate::domain::message::Channel;

pub struct FileTransport {
    folder: PathBuf,
    from: String,
}

impl FileTransport {
    pub(super) fn new(folder: &Path, from: &str) -> Result<Self, UnusableTransport> {
        fs::create_dir_all(folder).map_err(|_| UnusableTransport("the outbox folder cannot be made"))?;
        Ok(Self { folder: folder.to_owned(), from: from.to_owned() })
    }

    pub(super) fn send(&self, message: &Outgoing) -> Result<(), Failure> {
        let (ending, bytes) = match message.channel {
            Channel::Mail => ("eml", smtp::format(message, &self.from)?.formatted()),
            Channel::Sms => ("txt", format!("To: {}\n\n{}\n", message.recipient, message.body).into_bytes()),
        };
        let draft = self.folder.join(format!(".{}", message.id));
        let written = fs::write(&draft, bytes)
            .and_then(|()| fs::rename(&draft, self.folder.join(format!("{}.{ending}", message.id))));
        written.map_err(|_| Failure::Passing("outbox_folder"))
    }
}
