"""Interactive cards by outTrackId, with every version, and the platform's rules about them."""
import json
import time

PUBLIC = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
OWN = "klaw.schema"
VARIABLES = {OWN: {"title", "severity", "status", "status_text", "body", "buttons", "footer", "hint"},
             PUBLIC: {"flowStatus", "msgTitle", "logo", "msgContent", "staticMsgContent", "sys_full_json_obj", "msgTextList",
                      "msgImages", "msgSlider", "msgButtons"}}


class Refused(Exception):
    def __init__(self, code, message="", status=400):
        super().__init__(message)
        self.code, self.status = code, status


def _checked(template, data):
    parameters = (data or {}).get("cardParamMap", {})
    for name, value in parameters.items():
        if not isinstance(value, str):
            raise Refused("param.cardPublicDataInvalid", f"{name} is no text")
        if template in VARIABLES and name not in VARIABLES[template]:
            raise Refused("param.cardPublicDataInvalid", f"the template has no {name}")
    if sum(len(value.encode()) for value in parameters.values()) > 30_000:
        raise Refused("param.contentTooLong", "too long")
    if "buttons" in parameters:
        for button in json.loads(parameters["buttons"]):
            if set(button) - {"text", "color", "status", "event"} or button["event"]["type"] not in ("sendCardRequest", "openLink"):
                raise Refused("param.cardPublicDataInvalid", "buttons")
    return parameters


class Cards:
    def __init__(self):
        self.all = {}
        self.groups_without_robot = set()
        self.unknown_people = set()
        self.robots = set()

    def create(self, body):
        for name, code in (("cardTemplateId", "param.cardTemplateIdEmpty"), ("outTrackId", "param.outTrackIdEmpty"),
                           ("cardData", "param.cardPublicDataEmpty")):
            if not body.get(name):
                raise Refused(code, name)
        track = body["outTrackId"]
        known = self.all.get(track)
        parameters = _checked(body["cardTemplateId"], body["cardData"])
        if known is None:
            known = self.all[track] = {"id": track, "template": body["cardTemplateId"], "callback": body.get("callbackType"),
                                       "route": body.get("callbackRouteKey"),
                                       "versions": [], "private": {}, "spaces": [], "mentioned": {}}
            known["versions"].append({"at": time.time(), "parameters": parameters})
        return known

    def deliver(self, card, body):
        space = body.get("openSpaceId", "")
        kinds = {"dtv1.card//IM_GROUP.": "imGroupOpenDeliverModel", "dtv1.card//IM_ROBOT.": "imRobotOpenDeliverModel"}
        prefix = next((each for each in kinds if space.startswith(each)), None)
        if prefix is None:
            raise Refused("param.openSpaceModelInvalid", space)
        target, model = space[len(prefix):], body.get(kinds[prefix], {})
        self._mention(card, model.get("atUserIds", {}))
        fine = model.get("robotCode") in self.robots and target not in self.groups_without_robot
        if fine and target not in card["spaces"]:
            card["spaces"].append(target)
        return {"spaceType": prefix[11:-1], "spaceId": target, "success": fine,
                "errorMsg": "" if fine else "the robot is not in the group", "carrierId": "c"}

    def _mention(self, card, people):
        """userid → name, or @ALL → @ALL."""
        if not isinstance(people, dict) or not all(isinstance(name, str) and name for name in people.values()):
            raise Refused("param.openSpaceModelInvalid", "atUserIds is no map of userids to names")
        if people.get("@ALL", "@ALL") != "@ALL":
            raise Refused("param.openSpaceModelInvalid", "atUserIds calls all by another name")
        for person in people:
            if person in self.unknown_people:
                raise Refused("param.userIdNotExist", f"no such person: {person}")
        card["mentioned"] = people

    def update(self, body):
        card = self.all.get(body.get("outTrackId", ""))
        if card is None:
            raise Refused("param.outTrackIdNotExist", "no such card")
        self.apply(card, body)
        return card

    def apply(self, card, body, person=None):
        options = body.get("cardUpdateOptions", {})
        if body.get("cardData"):
            parameters = _checked(card["template"], body["cardData"])
            before = card["versions"][-1]["parameters"] if options.get("updateCardDataByKey") else {}
            card["versions"].append({"at": time.time(), "parameters": {**before, **parameters}})
        if person and body.get("userPrivateData"):
            card["private"].setdefault(person, {}).update(_checked(card["template"], body["userPrivateData"]))

    def buttons(self, card):
        """label → (actionId, params) of what calls back now."""
        parameters = card["versions"][-1]["parameters"]
        if "buttons" in parameters:
            return {b["text"]: (b["event"]["params"]["actionId"], b["event"]["params"].get("params", {}))
                    for b in json.loads(parameters["buttons"]) if b["event"]["type"] == "sendCardRequest" and b["status"] == "normal"}
        full = json.loads(parameters.get("sys_full_json_obj") or "{}")
        return {b["text"]: (b["id"], {}) for b in full.get("msgButtons", []) if b.get("request")}
