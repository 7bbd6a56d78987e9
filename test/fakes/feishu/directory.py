"""People and departments, as far as the application's scopes show them."""
from card_rules import Refused

PEOPLE = {"ou_li": {"open_id": "ou_li", "union_id": "on_li", "user_id": "li", "name": "李雷", "email": "li@example.org"},
          "ou_han": {"open_id": "ou_han", "union_id": "on_han", "user_id": "han", "name": "韩梅梅", "email": "han@example.org"}}
WORKS_IN = {"ou_li": ["od-duty"], "ou_han": ["od-sales"]}
DEPARTMENTS = {"od-infra": {"department_id": "infra", "name": "基础设施", "parent_department_id": "0"},
               "od-duty": {"department_id": "duty", "name": "值班", "parent_department_id": "od-infra"},
               "od-sales": {"department_id": "sales", "name": "销售", "parent_department_id": "0"}}
BASE, NAMES, MEMBERSHIP = "contact:contact.base:readonly", "contact:user.base:readonly", "contact:user.department:readonly"
DEPARTMENT_BASE, DEPARTMENT_TREE = "contact:department.base:readonly", "contact:department.organize:readonly"
SCOPES = (BASE, NAMES, MEMBERSHIP, DEPARTMENT_BASE, DEPARTMENT_TREE)


class Directory:
    def __init__(self, scopes):
        self._scopes = scopes  # name → 1 granted

    def user(self, identity, id_type):
        self._need(BASE)
        if identity not in PEOPLE:
            raise Refused(41050, "no user authority error")
        person = {key: value for key, value in PEOPLE[identity].items() if key != "name" or self._may(NAMES)}
        if self._may(MEMBERSHIP):
            person["department_ids"] = [shown(each, id_type) for each in WORKS_IN[identity]]
        return {"user": person}

    def department(self, identity, id_type):
        self._need(BASE)
        return {"department": self._shown(known(identity, id_type))}

    def parents(self, identity, id_type):
        """From the nearest to the highest; the root is not among them."""
        self._need(BASE, DEPARTMENT_TREE)
        items, above = [], DEPARTMENTS[known(identity, id_type)]["parent_department_id"]
        while above != "0":
            items.append(self._shown(above))
            above = DEPARTMENTS[above]["parent_department_id"]
        return {"items": items, "has_more": False}

    def _shown(self, identity):
        department = DEPARTMENTS[identity]
        fields = {"open_department_id": identity, "department_id": department["department_id"]}
        if self._may(DEPARTMENT_BASE):
            fields["name"] = department["name"]
        if self._may(DEPARTMENT_TREE):
            fields["parent_department_id"] = department["parent_department_id"]
        return fields

    def _may(self, *scopes):
        return any(self._scopes.get(scope) == 1 for scope in scopes)

    def _need(self, *scopes):
        if not self._may(*scopes):
            raise Refused(99991672, f"Access denied. One of the following scopes is required: [{', '.join(scopes)}]")


def known(identity, id_type):
    for each, department in DEPARTMENTS.items():
        if identity == (each if id_type == "open_department_id" else department["department_id"]):
            return each
    raise Refused(40004, "no dept authority error")


def shown(identity, id_type):
    return identity if id_type == "open_department_id" else DEPARTMENTS[identity]["department_id"]
