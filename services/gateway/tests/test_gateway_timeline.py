"""Events as sentences, subtitles and tables."""

import csv
import io
from dataclasses import dataclass, field

import pytest
from spoton_gateway.api.models import EventPage, EventPersonView, EventView
from spoton_gateway.timeline.formats import as_csv, as_text, as_vtt, chosen
from spoton_gateway.timeline.texts import SENTENCES, sentence


@dataclass
class Told:
    """Makes an event with a sentence."""

    kind: str
    start_s: float = 4.2
    end_s: float | None = None
    class_name: str | None = "person"
    place: str | None = "door"
    global_id: int | None = 3
    others: list[EventPersonView] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)

    def view(self) -> EventView:
        view = EventView(
            event_id="e-1",
            type=self.kind,
            text="",
            start_s=self.start_s,
            end_s=self.end_s,
            global_frame_index=42,
            end_frame_index=None,
            global_id=self.global_id,
            others=self.others,
            camera_id="c1",
            track_id=7,
            class_name=self.class_name,
            place=self.place,
            position=[1.5, 2.0],
            confidence=0.9,
            details=self.details,
        )
        return view.model_copy(update={"text": sentence(view)})


def page(*told: Told) -> EventPage:
    return EventPage(task_id="t", items=[each.view() for each in told], next_cursor=None)


CUP = Told("object_picked_up", class_name="cup", global_id=None, place=None)


def test_text_is_a_line_an_event() -> None:
    back = Told("object_put_back", 7.9, class_name="cup", global_id=None, place=None)
    late = Told("zone_left", 3671.0)
    assert as_text(page(CUP, back, Told("zone_entered", 31.0), late)) == (
        "00:04 — Cup picked up\n00:07 — Cup placed back\n00:31 — Person 3 entered door\n1:01:11 — Person 3 left door\n"
    )


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (Told("zone_entered", global_id=None), "Somebody entered door"),
        (Told("tripwire_crossed", place="gate", details={"direction": "forward"}), "Person 3 crossed gate forward"),
        (Told("tripwire_crossed", place="gate"), "Person 3 crossed gate"),
        (Told("occupancy_changed", details={"count": "4"}), "4 people in door"),
        (Told("occupancy_changed", details={"count": "1"}), "1 person in door"),
        (Told("camera_drift"), "Camera c1 no longer agrees with the others"),
        (Told("occupancy_changed", place=None, details={"count": "4"}), "4 people in all"),
        (Told("object_dropped", class_name="cup"), "Object dropped: cup"),
        (
            Told("met", others=[EventPersonView(global_id=5, camera_id="c1", track_id=1, seen_frame_index=1)]),
            "Person 3 met Person 5",
        ),
    ],
)
def test_sentences(told: Told, text: str) -> None:
    assert told.view().text == text


def test_details_cannot_reach_into_a_sentence() -> None:
    assert Told("tripwire_crossed", details={"who": "{place.__class__}", "direction": "{who}"}).view().text == (
        "Person 3 crossed door {who}"
    )


@pytest.mark.parametrize("kind", sorted(SENTENCES))
def test_every_sentence_can_be_said_of_anything(kind: str) -> None:
    assert Told(kind, class_name=None, place=None, global_id=None).view().text


def test_subtitles_have_a_cue_an_event() -> None:
    lasting = Told("walking", 59.9996, 3661.25)
    assert as_vtt(page(CUP, lasting)) == (
        "WEBVTT\n\ne-1\n00:00:04.200 --> 00:00:06.200\nCup picked up\n"
        "\ne-1\n00:01:00.000 --> 01:01:01.250\nPerson 3 walks\n"
    )


def test_subtitles_cannot_be_broken_by_what_they_say() -> None:
    text = as_vtt(page(Told("zone_entered", place="a\n\n00:00 --> 00:01 <b>&")))
    assert text.count("-->") == 1
    assert "<b>" not in text
    assert text.count("\n\n") == 1


def test_an_event_without_length_or_before_scene_time_zero_has_a_cue_that_players_take() -> None:
    assert "00:00:00.000 --> 00:00:00.001" in as_vtt(page(Told("walking", 0.0, 0.0)))
    assert "00:00:00.000 --> 00:00:01.000" in as_vtt(page(Told("walking", -3.0, 1.0)))


def test_csv_has_a_row_an_event() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv(page(Told("zone_left", details={"dwell_s": "4.1"})))))
    assert (row["type"], row["start_s"], row["end_s"], row["x_m"]) == ("zone_left", "4.2", "", "1.5")
    assert row["details"] == '{"dwell_s":"4.1"}'
    assert row["text"] == "Person 3 left door"


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("text/vtt", "vtt"),
        ("text/html, text/plain;q=0.5", "text"),
        ("TEXT/CSV", "csv"),
        ("image/png", "json"),
    ],
)
def test_accept_chooses_the_format(accept: str | None, name: str) -> None:
    assert chosen(accept) == name
