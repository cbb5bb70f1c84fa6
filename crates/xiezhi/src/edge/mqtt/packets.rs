//! What packets look like in either version of the protocol.

use mqtt_protocol_core::mqtt::connection::Event;
use mqtt_protocol_core::mqtt::packet::{MaximumQos, Packet, Property, Qos, RetainAvailable, SubEntry, v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode, ConnectReturnCode, PubackReasonCode, SubackReasonCode, SubackReturnCode, UnsubackReasonCode,
};
use mqtt_protocol_core::mqtt::role::Server;
use mqtt_protocol_core::mqtt::{Connection, Version};

/// The protocol of one connection.
pub type Line = Connection<Server>;

/// What a device says of itself.
pub struct Hello {
    pub name: String,
    pub password: String,
}

/// What a packet of a device asks for.
pub enum Asks {
    /// To sign in.
    In(Hello),
    /// To be heard.
    Say { topic: String, payload: Vec<u8>, id: Option<u16> },
    /// To hear of topics; answered with a yes or no for each.
    Hear { id: u16, topics: Vec<String> },
    /// To hear of topics no longer.
    Hush { id: u16, many: usize },
    /// To go.
    Out,
    /// Something that is not offered here.
    Other,
    /// Nothing that needs an answer of ours.
    Nothing,
}

fn hello(name: Option<&str>, password: Option<&[u8]>) -> Asks {
    let password = String::from_utf8_lossy(password.unwrap_or_default()).into_owned();
    Asks::In(Hello { name: name.unwrap_or_default().to_owned(), password })
}

fn topics(entries: &[SubEntry]) -> Vec<String> {
    entries.iter().map(|e| e.topic_filter().to_owned()).collect()
}

/// Reads a packet.
pub fn asks(packet: Packet) -> Asks {
    match packet {
        Packet::V3_1_1Connect(p) => hello(p.user_name(), p.password()),
        Packet::V5_0Connect(p) => hello(p.user_name(), p.password()),
        Packet::V3_1_1Publish(p) if p.qos() != Qos::ExactlyOnce => {
            Asks::Say { topic: p.topic_name().to_owned(), payload: p.payload().as_slice().to_vec(), id: p.packet_id() }
        }
        Packet::V5_0Publish(p) if p.qos() != Qos::ExactlyOnce => {
            Asks::Say { topic: p.topic_name().to_owned(), payload: p.payload().as_slice().to_vec(), id: p.packet_id() }
        }
        Packet::V3_1_1Subscribe(p) => Asks::Hear { id: p.packet_id(), topics: topics(p.entries()) },
        Packet::V5_0Subscribe(p) => Asks::Hear { id: p.packet_id(), topics: topics(p.entries()) },
        Packet::V3_1_1Unsubscribe(p) => Asks::Hush { id: p.packet_id(), many: p.entries().len() },
        Packet::V5_0Unsubscribe(p) => Asks::Hush { id: p.packet_id(), many: p.entries().len() },
        Packet::V3_1_1Disconnect(_) | Packet::V5_0Disconnect(_) => Asks::Out,
        Packet::V3_1_1Pingreq(_) | Packet::V5_0Pingreq(_) => Asks::Nothing,
        _ => Asks::Other,
    }
}

/// Why somebody is not let in.
#[derive(Clone, Copy)]
pub enum Refusal {
    /// Wrong name or password.
    Unknown,
    /// Not now.
    Busy,
}

/// Lets a device in, or does not; packets that the library can build always build.
pub fn answer(line: &mut Line, refused: Option<Refusal>) -> Vec<Event> {
    if line.get_protocol_version() == Version::V5_0 {
        let code = match refused {
            None => ConnectReasonCode::Success,
            Some(Refusal::Unknown) => ConnectReasonCode::BadUserNameOrPassword,
            Some(Refusal::Busy) => ConnectReasonCode::ServerBusy,
        };
        let mut made = v5_0::Connack::builder().session_present(false).reason_code(code);
        if refused.is_none() {
            let props = [MaximumQos::new(1).map(Property::from), RetainAvailable::new(0).map(Property::from)];
            made = made.props(props.into_iter().flatten().collect::<Vec<_>>());
        }
        return made.build().map(|p| line.send(p.into())).unwrap_or_default();
    }
    let code = match refused {
        None => ConnectReturnCode::Accepted,
        Some(Refusal::Unknown) => ConnectReturnCode::BadUserNameOrPassword,
        Some(Refusal::Busy) => ConnectReturnCode::ServerUnavailable,
    };
    v3_1_1::Connack::builder().session_present(false).return_code(code).build().map(|p| line.send(p.into())).unwrap_or_default()
}

/// Confirms a message, or refuses it for good; version 3.1.1 knows no refusal.
pub fn confirm(line: &mut Line, id: u16, code: PubackReasonCode) -> Vec<Event> {
    if line.get_protocol_version() == Version::V5_0 {
        let mut made = v5_0::Puback::builder().packet_id(id);
        if code != PubackReasonCode::Success {
            made = made.reason_code(code);
        }
        return made.build().map(|p| line.send(p.into())).unwrap_or_default();
    }
    v3_1_1::Puback::builder().packet_id(id).build().map(|p| line.send(p.into())).unwrap_or_default()
}

/// Says which topics a device will hear of.
pub fn heard(line: &mut Line, id: u16, yes: &[bool]) -> Vec<Event> {
    if line.get_protocol_version() == Version::V5_0 {
        let codes = yes.iter().map(|y| if *y { SubackReasonCode::GrantedQos0 } else { SubackReasonCode::NotAuthorized });
        let made = v5_0::Suback::builder().packet_id(id).reason_codes(codes.collect()).build();
        return made.map(|p| line.send(p.into())).unwrap_or_default();
    }
    let codes = yes.iter().map(|y| if *y { SubackReturnCode::SuccessMaximumQos0 } else { SubackReturnCode::Failure });
    let made = v3_1_1::Suback::builder().packet_id(id).return_codes(codes.collect()).build();
    made.map(|p| line.send(p.into())).unwrap_or_default()
}

/// Says that a device hears of topics no longer.
pub fn hushed(line: &mut Line, id: u16, many: usize) -> Vec<Event> {
    if line.get_protocol_version() == Version::V5_0 {
        let codes = vec![UnsubackReasonCode::Success; many];
        let made = v5_0::Unsuback::builder().packet_id(id).reason_codes(codes).build();
        return made.map(|p| line.send(p.into())).unwrap_or_default();
    }
    v3_1_1::Unsuback::builder().packet_id(id).build().map(|p| line.send(p.into())).unwrap_or_default()
}
