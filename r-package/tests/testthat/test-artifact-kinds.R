uri_of <- function(run, file) paste0("runs:/", mlflow_id(run), "/", file)

test_that("tables, texts and lists come back as they were", {
  local_tracking()
  table <- data.frame(`a b` = c(1.5, NA), text = c("\u00e9", "x"), yes = c(TRUE, FALSE), check.names = FALSE)
  with(run <- mlflow_start_run(), {
    expect_identical(mlflow_log_table(table, "deep/t.json"), "deep/t.json")
    mlflow_log_table(table, "t.csv")
    mlflow_log_text(c("one", "two"), "t.txt")
    mlflow_log_dict(list(a = 1, b = list("x", "y")), "d.json")
    mlflow_log_dict(list(a = 1, b = "x"), "d.yaml")
  })
  expect_identical(as.data.frame(mlflow_load_table(uri_of(run, "deep/t.json"))), table)
  expect_equal(as.data.frame(mlflow_load_table(uri_of(run, "t.csv"))), table)
  expect_identical(mlflow_load_text(uri_of(run, "t.txt")), "one\ntwo\n")
  expect_equal(mlflow_load_dict(uri_of(run, "d.json")), list(a = 1L, b = list("x", "y")))
  expect_equal(mlflow_load_dict(uri_of(run, "d.yaml")), list(a = 1, b = "x"))
  expect_error(mlflow_load_table(uri_of(run, "d.json")), "no table", class = "crateflow_error_invalid_input")
  expect_error(mlflow_load_text(uri_of(run, "none")), class = "crateflow_error_not_found")
})

test_that("a table without rows keeps its columns", {
  local_tracking()
  invalid <- "crateflow_error_invalid_argument"
  with(run <- mlflow_start_run(), {
    mlflow_log_table(iris[0, ], "none.json")
    expect_error(mlflow_log_table(iris, "t.parquet"), "must be a .json or .csv", class = invalid)
    expect_error(mlflow_log_dict(iris, "d.json"), "mlflow_log_table", class = invalid)
  })
  read <- mlflow_load_table(uri_of(run, "none.json"))
  expect_identical(dim(read), c(0L, 5L))
  expect_identical(names(read), names(iris))
})

test_that("dictionaries have names, dates and factors in JSON and YAML alike", {
  local_tracking()
  values <- list(
    coefficients = c(slope = 1.5, offset = 2), day = as.Date("2024-01-02"), level = factor("high"),
    at = .POSIXct(0.5, tz = "Asia/Tokyo"), never = .POSIXct(NA_real_), some = c("a", NA), none = list()
  )
  read <- list(
    coefficients = list(slope = 1.5, offset = 2), day = "2024-01-02", level = "high",
    at = "1970-01-01T00:00:00.5Z", never = NULL, some = list("a", NULL), none = list()
  )
  with(run <- mlflow_start_run(), for (file in c("d.json", "d.yaml")) mlflow_log_dict(values, file))
  expect_equal(mlflow_load_dict(uri_of(run, "d.json")), read)
  expect_equal(mlflow_load_dict(uri_of(run, "d.yaml")), read)
})

test_that("what a plot is made by is drawn, and not printed", {
  local_tracking()
  # As a ggplot is drawn.
  registerS3method("print", "test_drawing", function(x, ...) plot(1), envir = asNamespace("base"))
  drawing <- structure(list(), class = "test_drawing")
  with(run <- mlflow_start_run(), {
    expect_silent(mlflow_log_figure(hist(iris$Sepal.Length), "code.png"))
    expect_silent(mlflow_log_figure(function() boxplot(iris[1:4]), "function.svg"))
    expect_silent(mlflow_log_figure(drawing, "object.pdf"))
    expect_silent(mlflow_log_figure(function() drawing, "returned.png"))
    for (file in c("none.png", "none.svg", "none.pdf")) {
      expect_error(mlflow_log_figure(1, file), "Nothing was drawn", class = "crateflow_error")
    }
    expect_error(mlflow_log_figure(stop("no data"), "none.png"), "no data")
    expect_error(mlflow_log_image(matrix(c(NA, 0.5)), "none.png"), "from 0 to 1")
  })
  files <- suppressMessages(mlflow_list_artifacts(run_id = mlflow_id(run)))
  expect_identical(files$path, c("code.png", "function.svg", "object.pdf", "returned.png"))
})

test_that("plots, images, pages and objects are logged", {
  local_tracking()
  devices <- grDevices::dev.list()
  with(run <- mlflow_start_run(), {
    mlflow_log_figure(function() plot(1:3), "plot.pdf")
    mlflow_log_figure(function() plot(1:3), "plot.png", width = 4, height = 3, dpi = 100)
    mlflow_log_image(matrix(c(0, 0.5, 1, 0), 2), "image.png")
    mlflow_log_html("<b>x</b>", "page.html")
    mlflow_log_rds(mtcars, "cars.rds")
    invalid <- "crateflow_error_invalid_input"
    expect_error(mlflow_log_figure(plot, "plot.doc"), "must be a .png", class = invalid)
    expect_error(mlflow_log_image(matrix(2), "i.png"), "from 0 to 1", class = invalid)
    expect_error(mlflow_log_html(1, "i.html"), "htmlwidget or text", class = invalid)
  })
  expect_identical(grDevices::dev.list(), devices)
  fetched <- mlflow_download_artifacts("", run_id = mlflow_id(run))
  expect_identical(readBin(file.path(fetched, "plot.png"), "raw", 4), as.raw(c(0x89, 0x50, 0x4e, 0x47)))
  expect_identical(readBin(file.path(fetched, "image.png"), "raw", 4), as.raw(c(0x89, 0x50, 0x4e, 0x47)))
  expect_identical(readChar(file.path(fetched, "plot.pdf"), 4), "%PDF")
  expect_identical(readRDS(file.path(fetched, "cars.rds")), mtcars)
})

test_that("a folder is logged with what is in it", {
  local_tracking()
  folder <- withr::local_tempdir()
  writeLines("x", file.path(folder, "a.txt"))
  with(mlflow_start_run(), {
    expect_identical(mlflow_log_artifacts(folder, "to")$path, "to/a.txt")
    file <- file.path(folder, "a.txt")
    expect_error(mlflow_log_artifacts(file), "no folder", class = "crateflow_error_not_found")
  })
})
