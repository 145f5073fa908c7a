//! Notifications (回调通知): which events they tell of, and as what they are read.

mod events;
#[cfg(any(feature = "pay", feature = "partner_pay", feature = "combine"))]
mod payment;

use wxpay_proto::Notification;

pub use events::EventType;
#[cfg(any(feature = "pay", feature = "partner_pay", feature = "combine"))]
pub use payment::PaymentNotification;

impl EventType {
    /// The official name, Chinese; nothing for an event that this version does not know.
    #[must_use]
    pub fn label(&self) -> Option<&'static str> {
        self.description().map(|&(label, _)| label)
    }

    /// The address of the official page; nothing for an event that this version does not know.
    #[must_use]
    pub fn page(&self) -> Option<&'static str> {
        self.description().map(|&(_, page)| page)
    }

    fn description(&self) -> Option<&'static (&'static str, &'static str)> {
        let word = self.as_str();
        let at = Self::KNOWN.iter().position(|known| *known == word)?;
        events::DESCRIPTIONS.get(at)
    }
}

impl From<&Notification> for EventType {
    fn from(notification: &Notification) -> Self {
        Self::from(notification.event_type())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_own_name_and_page() {
        assert_eq!(EventType::KNOWN.len(), events::DESCRIPTIONS.len());
        let refund = EventType::from("REFUND.ABNORMAL");
        assert_eq!(refund.label(), Some("退款异常通知"));
        assert!(refund.page().is_some_and(|page| page.contains("refund")));
        let last = EventType::from(EventType::KNOWN[EventType::KNOWN.len() - 1]);
        assert!(last.label().is_some() && last.page().is_some());
    }

    #[test]
    fn an_event_of_tomorrow_keeps_its_word() {
        let event = EventType::from("TRANSACTION.TELEPORTED");
        assert!(matches!(&event, EventType::Unknown(word) if &**word == "TRANSACTION.TELEPORTED"));
        assert_eq!((event.label(), event.page()), (None, None));
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, "\"TRANSACTION.TELEPORTED\"");
        assert_eq!(serde_json::from_str::<EventType>(&json).unwrap(), event);
    }
}
