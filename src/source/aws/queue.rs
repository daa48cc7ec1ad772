//! A queue of events.

use serde_json::json;

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::Failure;
use super::operation;

/// A message of a queue.
#[derive(Debug, Clone)]
pub struct Message {
    /// What it says.
    pub body: String,
    /// With this it is deleted.
    pub receipt: String,
}

impl Client {
    /// Messages of a queue, waiting so many seconds for the first.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn receive(&self, queue: &str, wait: u32) -> Result<Vec<Message>, Failure> {
        let asked = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait });
        let answer = self.call(&Call::new(&operation::RECEIVE_MESSAGE, asked).on(queue))?;
        let messages = list(&answer, &["Messages"]).into_iter().filter_map(|message| {
            Some(Message {
                body: text(message, &["Body"])?.to_owned(),
                receipt: text(message, &["ReceiptHandle"])?.to_owned(),
            })
        });
        Ok(messages.collect())
    }

    /// Deletes a message that was dealt with.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn delete_message(&self, queue: &str, receipt: &str) -> Result<(), Failure> {
        let asked = json!({ "QueueUrl": queue, "ReceiptHandle": receipt });
        self.call(&Call::new(&operation::DELETE_MESSAGE, asked).on(queue))
            .map(drop)
    }
}
