"""A person in the renderer: a body's parts on a tree of joints, posed and placed frame by frame."""

from math import atan2, cos, degrees, sin

from panda3d import core

from spoton_scenes.bodies import Body, build_body
from spoton_scenes.gait import Pose, walking_pose
from spoton_scenes.panda import flat_state, geometry_node, texture_of
from spoton_scenes.scene import Person, PersonState

ID_TAG = "person"


class Figure:
    """One person's nodes under `parent`; hidden until placed."""

    def __init__(self, person: Person, number: int, parent: core.NodePath) -> None:
        self._person = person
        body = build_body(person.looks)
        self._skeleton = body.skeleton
        self.root = parent.attach_new_node(f"person-{person.person_id}")
        self.root.set_tag(ID_TAG, str(number))
        self.root.hide()
        self._joints = self._make_joints()
        self._hang(body)

    def place(self, state: PersonState) -> None:
        """Stand the figure where and as the state says, and show it."""
        direction = (cos(state.heading_rad), -sin(state.heading_rad))
        self.root.set_pos_hpr(state.x_m, -state.y_m, 0, degrees(atan2(-direction[0], direction[1])), 0, 0)
        self._bend(walking_pose(self._person.gait, self._skeleton, state.phase_rad, state.stride))
        self.root.show()

    def hide(self) -> None:
        """Take the figure out of the picture."""
        self.root.hide()

    def _make_joints(self) -> dict[str, core.NodePath]:
        s = self._skeleton
        pelvis = self.root.attach_new_node("pelvis")
        joints = {"pelvis": pelvis, "torso": pelvis.attach_new_node("torso")}
        joints["head"] = joints["torso"].attach_new_node("head")
        joints["head"].set_z(s.neck_above_hip_m + 0.026 * s.height_m)
        for side, sign in (("l", -1.0), ("r", 1.0)):
            hip = joints[f"hip_{side}"] = pelvis.attach_new_node("hip")
            hip.set_x(sign * s.hip_half_m)
            knee = joints[f"knee_{side}"] = hip.attach_new_node("knee")
            knee.set_z(-s.thigh_m)
            joints[f"ankle_{side}"] = knee.attach_new_node("ankle")
            joints[f"ankle_{side}"].set_z(-s.shin_m)
            shoulder = joints[f"shoulder_{side}"] = joints["torso"].attach_new_node("shoulder")
            shoulder.set_pos(sign * s.shoulder_half_m, 0, s.shoulder_above_hip_m)
            joints[f"elbow_{side}"] = shoulder.attach_new_node("elbow")
            joints[f"elbow_{side}"].set_z(-s.upper_arm_m)
        return joints

    def _hang(self, body: Body) -> None:
        # a body's textures count v upwards, pictures count rows downwards
        textures = {name: texture_of(name, picture[::-1]) for name, picture in body.textures.items()}
        for part in body.parts:
            node = self._joints[part.joint].attach_new_node(geometry_node(part.joint, part.mesh))
            if part.texture is not None:
                node.set_texture(textures[part.texture])

    def _bend(self, pose: Pose) -> None:
        joints = self._joints
        joints["pelvis"].set_z(pose.hip_height_m)
        joints["torso"].set_hpr(degrees(pose.torso_yaw), degrees(pose.torso_pitch), degrees(pose.torso_roll) * 0.5)
        joints["head"].set_hpr(-degrees(pose.torso_yaw), -degrees(pose.torso_pitch), 0)
        for index, (side, splay) in enumerate((("l", 7.0), ("r", -7.0))):
            joints[f"hip_{side}"].set_p(degrees(pose.hips[index]))
            joints[f"knee_{side}"].set_p(degrees(pose.knees[index]))
            joints[f"ankle_{side}"].set_p(degrees(pose.ankles[index]))
            joints[f"shoulder_{side}"].set_hpr(0, degrees(pose.shoulders[index]), splay)
            joints[f"elbow_{side}"].set_p(degrees(pose.elbows[index]))


def number_states(camera: core.Camera, numbers: range) -> None:
    """Let the camera paint every figure in its number's flat colour and everything else as 0."""
    camera.set_initial_state(flat_state(0))
    camera.set_tag_state_key(ID_TAG)
    for number in numbers:
        camera.set_tag_state(str(number), flat_state(number))
