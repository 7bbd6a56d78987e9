"""What the platform accepts as a card of schema 2.0: it refuses properties that it does not know."""
import json

MAX_BYTES, MAX_TAGS, MAX_TABLES, MAX_DEPTH = 30_000, 200, 3, 5
CONTAINERS = {"column_set", "form", "collapsible_panel"}  # a column belongs to its set
NOT_INSIDE = {"column": {"form", "table"}, "collapsible_panel": {"form", "table"}, "form": {"form", "table", "chart"}}
INPUTS = {"input", "select_static"}
ROOT = {"schema", "config", "card_link", "header", "body"}
CONFIG = {"update_multi", "enable_forward", "enable_forward_interaction", "width_mode", "streaming_mode", "streaming_config",
          "summary", "locales", "style"}
HEADER = {"title", "subtitle", "template", "text_tag_list", "icon", "padding"}
BODY = {"direction", "vertical_spacing", "horizontal_spacing", "padding", "elements"}
COMMON = {"tag", "element_id", "margin"}
COMPONENTS = {
    "plain_text": {"content", "i18n_content"},
    "lark_md": {"content", "i18n_content"},
    "text_tag": {"text", "color"},
    "markdown": {"content", "text_size", "text_align", "icon", "i18n_content"},
    "div": {"text", "fields", "icon"},
    "hr": set(),
    "column_set": {"columns", "flex_mode", "background_style", "horizontal_spacing", "horizontal_align", "action"},
    "column": {"width", "weight", "elements", "background_style", "padding", "vertical_align", "vertical_spacing",
               "horizontal_spacing", "direction"},
    "table": {"page_size", "row_height", "row_max_height", "freeze_first_column", "header_style", "columns", "rows"},
    "chart": {"chart_spec", "aspect_ratio", "height", "color_theme", "preview"},
    "button": {"text", "type", "size", "width", "icon", "hover_tips", "disabled", "disabled_tips", "confirm", "behaviors", "name",
               "form_action_type"},
    "form": {"name", "elements", "direction", "vertical_spacing", "horizontal_spacing"},
    "input": {"name", "label", "label_position", "placeholder", "default_value", "required", "max_length", "input_type", "rows",
              "width", "behaviors"},
    "select_static": {"name", "options", "initial_option", "placeholder", "required", "width", "behaviors"},
    "collapsible_panel": {"expanded", "header", "border", "elements", "background_color", "padding", "vertical_spacing",
                          "direction"},
    "standard_icon": {"token", "color", "size"},
}
TEMPLATES = set("blue wathet turquoise green yellow orange red carmine violet purple indigo grey default".split())
BUTTON_TYPES = set("default primary danger text primary_text danger_text primary_filled danger_filled laser".split())


class Refused(Exception):
    """Of the platform, with its own code."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def _unknown(where, thing, allowed):
    for name in thing:
        if name not in allowed:
            raise Refused(230099, f"Failed to create card content, ext=ErrCode: 200621; ErrMsg: unknown property {name} in {where}")


def _walk(node, counts, unknown_people):
    if isinstance(node, list):
        for item in node:
            _walk(item, counts, unknown_people)
        return
    if not isinstance(node, dict):
        return
    tag = node.get("tag")
    if tag is not None:
        if tag not in COMPONENTS:
            raise Refused(230099, f"Failed to create card content, ext=ErrCode: 200621; ErrMsg: unknown tag {tag}")
        _unknown(tag, node, COMPONENTS[tag] | COMMON)
        counts["tags"] += 1
        counts["tables"] += tag == "table" or (tag == "markdown" and "\n|-" in node.get("content", ""))
        if tag == "button":
            _button(node)
        for person in unknown_people:
            if person in str(node.get("content", "")):
                raise Refused(11246, f"invalid user {person} in at")
    for name, value in node.items():
        if name not in ("chart_spec", "rows", "value"):
            _walk(value, counts, unknown_people)


def _malformed(what):
    return Refused(230099, f"Failed to create card content, ext=ErrCode: 200800; ErrMsg: {what}")


def _nesting(elements, around=(), depth=0):
    """What stands in what: `around` are the tags outside, the root's elements having none."""
    for element in elements if isinstance(elements, list) else ():
        tag = element.get("tag")
        for outside in around:
            if tag in NOT_INSIDE.get(outside, ()):
                raise _malformed(f"{tag} inside {outside}")
        inner = depth + (tag in CONTAINERS)
        if inner > MAX_DEPTH:
            raise _malformed("containers nested too deep")
        if tag == "form":
            _form(element)
        _nesting(element.get("columns" if tag == "column_set" else "elements", []), (*around, tag), inner)


def _inside(elements):
    for element in elements:
        yield element
        yield from _inside(element.get("columns" if element.get("tag") == "column_set" else "elements", []))


def _form(form):
    within = list(_inside(form.get("elements", [])))
    if not form.get("name"):
        raise _malformed("a form without name")
    if not any(each.get("tag") == "button" and each.get("form_action_type") == "submit" for each in within):
        raise _malformed("a form that cannot be submitted")
    names = [each.get("name") for each in within if each.get("tag") in INPUTS]
    if not all(names) or len(names) != len(set(names)):
        raise _malformed("inputs of a form need names of their own")


def missing_inputs(card, value, filled):
    """Names of required inputs that are empty in the form whose button has that value: a client does not send such a one."""
    for form in card["body"].get("elements", []):
        within = list(_inside([form]))
        if any({"type": "callback", "value": value} in each.get("behaviors", []) for each in within):
            return [each["name"] for each in within
                    if each.get("tag") in INPUTS and each.get("required") and not filled.get(each["name"])]
    return []


def _button(button):
    if button.get("type", "default") not in BUTTON_TYPES:
        raise Refused(230099, f"ErrCode: 200621; ErrMsg: button type {button['type']}")
    for behavior in button.get("behaviors", []):
        kind = behavior.get("type")
        if kind == "callback" and not isinstance(behavior.get("value"), dict):
            raise Refused(230099, "ErrCode: 200621; ErrMsg: the value of a callback is no object")
        if kind == "open_url" and not str(behavior.get("default_url", "")).startswith("http"):
            raise Refused(230099, "ErrCode: 200621; ErrMsg: a button without address")
        if kind not in ("callback", "open_url"):
            raise Refused(230099, f"ErrCode: 200621; ErrMsg: behavior {kind}")


def check(content, unknown_people=()):
    """The card of a message's content, or Refused."""
    if len(content.encode()) > MAX_BYTES:
        raise Refused(230025, "the length of the message content reaches its limit")
    try:
        card = json.loads(content)
    except ValueError:
        raise Refused(230099, "Failed to create card content, ext=ErrCode: 200800; ErrMsg: not JSON")
    if not isinstance(card, dict) or card.get("schema") != "2.0":
        raise Refused(230099, "ErrCode: 200800; ErrMsg: only schema 2.0 is played here")
    _unknown("card", card, ROOT)
    _unknown("config", card.get("config", {}), CONFIG)
    _unknown("header", card.get("header", {}), HEADER)
    _unknown("body", card.get("body", {}), BODY)
    if card.get("config", {}).get("update_multi") is not True:
        raise Refused(230099, "ErrCode: 200800; ErrMsg: update_multi is not true")
    if card.get("header", {}).get("template", "default") not in TEMPLATES:
        raise Refused(230099, "ErrCode: 200621; ErrMsg: template")
    counts = {"tags": 0, "tables": 0}
    _walk([card.get("header", {}), card.get("body", {})], counts, unknown_people)
    _nesting(card.get("body", {}).get("elements", []))
    if counts["tags"] > MAX_TAGS:
        raise Refused(230099, "ErrCode: 200800; ErrMsg: too many elements")
    if counts["tables"] > MAX_TABLES:
        raise Refused(230099, "ErrCode: 11310; ErrMsg: card table number over limit")
    return card


def buttons(card):
    """The callbacks of a card: label → value."""
    found = {}

    def walk(node):
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            if node.get("tag") == "button":
                for behavior in node.get("behaviors", []):
                    if behavior.get("type") == "callback":
                        found[node["text"]["content"]] = behavior["value"]
            for name, value in node.items():
                if name != "chart_spec":
                    walk(value)

    walk(card.get("body", {}))
    return found
