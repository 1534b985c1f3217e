//! Russian.

use super::ConsentWords;

pub(in super::super) const WORDS: ConsentWords = ConsentWords {
    title: "Мои согласия",
    lead: "Вот на что согласился читающий почту {address} на этом Corridor (оператор: {operator}).",
    none: "С этого адреса согласий не давали.",
    introduction: "Знакомство в программе «{programme}», для организации {organization}",
    proposals: "Чтобы для организации {organization} предлагали знакомства",
    recipient: "Передано: {recipient}",
    recipient_later: "Передаётся представителям другой стороны, когда согласятся обе стороны.",
    country: "В этой стране: {country}",
    data: "Охватывает: имя, должность, адрес электронной почты и то, что названо в тексте.",
    given: "Дано {day}; имя: {name}",
    valid: "Действует до: {day}",
    withdrawn: "Отозвано: {day}",
    over: "Истекло: {day}",
    text: "Текст",
    withdraw: "Отозвать",
    hint: "Отзыв действует сразу: знакомство, которое ещё не состоялось, прекращается, и писем о нём больше не будет. Отозвать уже отправленное нельзя.",
    link: "Мои согласия",
};
