import subprocess
import sys

import pytest
from waiting import LIMIT_S

from pycore.errors import FlavorUnknown, InvalidModel
from pycore.models import registry
from pycore.models.spec import Model


class Predictor:
    batchable = forkable = True


class EchoFlavor:
    """A flavor of somebody else, as a distribution would register it."""

    name = "echo"

    def load_predictor(self, path, model):
        return Predictor()

    def load_pyfunc(self, path, model):
        return self

    def predict(self, data):
        return data


FLAVOR = EchoFlavor()


@pytest.fixture
def installed(monkeypatch, tmp_path_factory):
    """Install distributions that register a flavor, as far as Python sees of it."""
    site = tmp_path_factory.mktemp("site")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setitem(sys.modules, "echo_flavor", sys.modules[__name__])

    def register(name, value):
        distribution = f"offers_{value.partition(':')[0]}"
        info = site / f"{distribution}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {value}\n")

    return register


def save(tmp_path, flavors):
    Model(flavors=flavors).save(tmp_path)
    return tmp_path


def test_our_flavors_are_installed_as_any_other():
    assert {"crate", "python_function", "sklearn"} <= set(registry.names())
    assert registry.find("sklearn").name == "sklearn"


def test_a_flavor_of_somebody_else_loads_its_models(installed, tmp_path):
    installed("echo", "echo_flavor:FLAVOR")
    folder = save(tmp_path, {"echo": {"x": 1}})
    assert isinstance(registry.load_predictor(folder), Predictor)
    assert registry.load_pyfunc(folder).predict([1]) == [1]


def test_an_unknown_flavor_lists_what_is_installed():
    with pytest.raises(FlavorUnknown, match=r"called 'paddle'; installed: .*python_function, .*sklearn"):
        registry.find("paddle")


def test_two_flavors_of_one_name_are_refused(installed):
    installed("echo", "echo_flavor:FLAVOR")
    installed("echo", "other_echo:FLAVOR")
    with pytest.raises(FlavorUnknown, match=r"'echo': echo_flavor:FLAVOR, other_echo:FLAVOR\. Uninstall"):
        registry.find("echo")


@pytest.mark.parametrize(
    ("module", "advice"),
    [("rpy2", r"pip install 'crateflow\[r\]'"), ("unheard_of", "install the package that contains it")],
)
def test_a_flavor_without_its_library_says_what_to_install(installed, tmp_path, monkeypatch, module, advice):
    (tmp_path / "needy_flavor.py").write_text(f"raise ModuleNotFoundError('x', name='{module}.deep')")
    monkeypatch.syspath_prepend(tmp_path)
    installed("needy", "needy_flavor:FLAVOR")
    with pytest.raises(FlavorUnknown, match=f"'needy' needs the Python module '{module}'.*{advice}"):
        registry.find("needy")


def test_a_badly_registered_flavor_is_named(installed):
    installed("echo", "echo_flavor:NOTHING")
    with pytest.raises(FlavorUnknown, match="'echo' is registered as echo_flavor:NOTHING"):
        registry.find("echo")


@pytest.mark.parametrize(
    ("flavors", "name"),
    [
        ({"python_function": {"loader_module": "mlflow.sklearn"}, "sklearn": {}}, "sklearn"),
        ({"python_function": {"loader_module": "mlflow.sklearn"}}, "sklearn"),
        ({"python_function": {"loader_module": "mlflow.pyfunc.model"}}, "python_function"),
        ({"python_function": {"loader_module": "mlflow.unheard_of"}}, "unheard_of"),
        ({"python_function": {"loader_module": "own_loader"}}, None),
        ({"python_function": {"loader_module": "rbridge"}, "crate": {}}, "crate"),
        ({"crate": {"version": "0.1.0", "model": "crate.bin"}}, "crate"),
    ],
)
def test_the_flavor_follows_from_the_folder(flavors, name):
    assert registry.flavor_of(Model(flavors=flavors)) == name


def test_a_model_of_no_installed_flavor_names_both_sides():
    with pytest.raises(FlavorUnknown, match=r"has the flavors h2o, mleap; installed here: .*sklearn"):
        registry.flavor_of(Model(flavors={"h2o": {}, "mleap": {}}))


@pytest.mark.parametrize("section", [{}, {"loader_module": None}, {"loader_module": 3}])
def test_a_python_function_needs_a_loader(section):
    with pytest.raises(InvalidModel, match="needs 'loader_module'"):
        registry.flavor_of(Model(flavors={"python_function": section}))


OWN_LOADER = """
class Own:
    def __init__(self, *arguments):
        self.arguments = arguments
    def ask(self, data):
        return [self.arguments, data]
def _load_pyfunc(path, config=None):
    return Own(path) if config is None else Own(path, config)
"""


@pytest.fixture
def own_loader(tmp_path, monkeypatch):
    """A model folder whose code is in it, and its import undone afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_loader", raising=False)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "own_loader.py").write_text(OWN_LOADER)
    (tmp_path / "weights").write_text("1")
    yield tmp_path
    sys.modules.pop("own_loader", None)


def test_a_loader_module_of_the_folders_own_code_is_called(own_loader):
    section = {"loader_module": "own_loader", "data": "weights", "code": "code", "predict_fn": "ask"}
    model = registry.load_pyfunc(save(own_loader, {"python_function": section}))
    assert model.predict(7) == [(str(own_loader / "weights"),), 7]
    assert model.loader_module == "own_loader"


def test_the_loader_gets_the_folder_and_the_configuration(own_loader, caplog):
    section = {"loader_module": "own_loader", "code": "code", "predict_fn": "ask", "config": {"a": 1, "b": 2}}
    model = registry.load_pyfunc(save(own_loader, {"python_function": section}), {"b": 3, "c": 4})
    assert model.predict(7) == [(str(own_loader), {"a": 1, "b": 3}), 7]
    assert model.model_config == {"a": 1, "b": 3}
    assert "saved without the configuration c; ignored" in caplog.text


@pytest.mark.parametrize(
    ("section", "error", "message"),
    [
        (
            {"loader_module": "json"},
            InvalidModel,
            "'json', which MLmodel names as loader, has no _load_pyfunc",
        ),
        ({"loader_module": "no_such_module"}, FlavorUnknown, "the Python module 'no_such_module'"),
        ({"loader_module": "own_loader", "code": "code"}, InvalidModel, "Own has no method 'predict'"),
        ({"loader_module": "own_loader", "code": ["code"]}, InvalidModel, "code must be a path"),
        ({"loader_module": "own_loader", "code": "../.."}, InvalidModel, "leaves the model folder"),
        ({"loader_module": "own_loader", "code": "code", "data": "gone"}, InvalidModel, "lacks 'gone'"),
    ],
)
def test_a_loader_that_cannot_work_says_why(own_loader, section, error, message):
    with pytest.raises(error, match=message):
        registry.load_pyfunc(save(own_loader, {"python_function": section}))


def test_a_missing_module_names_the_models_own_requirements(own_loader):
    (own_loader / "code" / "own_loader.py").write_text("import no_such_module")
    (own_loader / "requirements.txt").write_text("")
    section = {"loader_module": "own_loader", "code": "code"}
    with pytest.raises(FlavorUnknown, match=r"'no_such_module'.*pip install -r .*requirements\.txt"):
        registry.load_pyfunc(save(own_loader, {"python_function": section}))


def test_nothing_is_loaded_when_the_file_is_bad(own_loader):
    (own_loader / "code" / "own_loader.py").write_text("raise SystemExit('loaded')")
    (own_loader / "MLmodel").write_text(
        "flavors: {python_function: {loader_module: own_loader, code: code}}\nsignature: {}\n"
    )
    for load in (registry.load_pyfunc, registry.load_predictor):
        with pytest.raises(InvalidModel, match="The signature is empty"):
            load(own_loader)
    assert "own_loader" not in sys.modules


def test_a_predictor_of_a_flavor_needs_no_pandas(tmp_path):
    save(tmp_path, {"crate": {"version": "0.1.0"}})
    code = (
        "import sys; from pycore.models import registry; from pycore.models.spec import Model; "
        f"registry.flavor_of(Model.load({str(tmp_path)!r})); print('pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LIMIT_S
    )
    assert done.stdout == "False\n"
