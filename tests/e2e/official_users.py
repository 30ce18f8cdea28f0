"""Users and permissions, managed by an official client; run by its own interpreter, with the address."""

import sys

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.server import get_app_client
from mlflow.tracking import MlflowClient

uri = sys.argv[1]
users = get_app_client("basic-auth", uri)
mlflow.set_tracking_uri(uri)
client = MlflowClient()


def refusal(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except MlflowException as error:
        return error.error_code
    raise AssertionError(f"{call.__name__} was not refused")


# Users
made = users.create_user("grace", "a long password")
assert (made.username, made.is_admin) == ("grace", False)
assert users.get_user("grace").id == made.id
assert refusal(users.create_user, "grace", "a long password") == "RESOURCE_ALREADY_EXISTS"
assert refusal(users.create_user, "alan", "short") == "INVALID_PARAMETER_VALUE"
assert refusal(users.get_user, "nobody") == "RESOURCE_DOES_NOT_EXIST"
users.update_user_admin("grace", True)
assert users.get_user("grace").is_admin
users.update_user_admin("grace", False)
users.update_user_password("grace", "another password")

# Permissions
experiment_id = client.create_experiment("cobol")
client.create_registered_model("cobol")
if hasattr(users, "grant_user_permission"):
    for kind, key in (("experiment", experiment_id), ("registered_model", "cobol")):
        users.grant_user_permission("grace", kind, key, "EDIT")
        assert refusal(users.grant_user_permission, "grace", kind, key, "READ") == "RESOURCE_ALREADY_EXISTS"
        assert users.get_user_permission("grace", kind, key).permission == "EDIT"
        users.revoke_user_permission("grace", kind, key)
        assert users.get_user_permission("grace", kind, key).permission == "READ"
else:
    on_experiment = users.create_experiment_permission(experiment_id, "grace", "EDIT")
    assert (on_experiment.experiment_id, on_experiment.permission) == (experiment_id, "EDIT")
    users.update_experiment_permission(experiment_id, "grace", "MANAGE")
    assert users.get_experiment_permission(experiment_id, "grace").permission == "MANAGE"
    on_model = users.create_registered_model_permission("cobol", "grace", "EDIT")
    assert (on_model.name, on_model.user_id) == ("cobol", made.id)
    users.update_registered_model_permission("cobol", "grace", "READ")
    assert users.get_registered_model_permission("cobol", "grace").permission == "READ"
    (found,) = users.get_user("grace").registered_model_permissions
    assert found.name == "cobol"
    users.delete_experiment_permission(experiment_id, "grace")
    users.delete_registered_model_permission("cobol", "grace")
    gone = refusal(users.get_experiment_permission, experiment_id, "grace")
    assert gone == "RESOURCE_DOES_NOT_EXIST"

client.delete_registered_model("cobol")
client.delete_experiment(experiment_id)
users.delete_user("grace")
assert refusal(users.get_user, "grace") == "RESOURCE_DOES_NOT_EXIST"
print(f"users managed by {mlflow.__version__}")
