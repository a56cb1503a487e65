//! A circle on the globe.

/// Somewhere within a radius of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    latitude: f32,
    longitude: f32,
    radius_km: f32,
}

/// The mean radius of the earth, in km.
const EARTH: f64 = 6371.0;

impl Spot {
    /// A circle: latitude and longitude in degrees, the radius in km. Nothing if one of them can not be.
    #[must_use]
    pub fn new(latitude: f32, longitude: f32, radius_km: f32) -> Option<Self> {
        let fits = (-90.0..=90.0).contains(&latitude)
            && (-180.0..=180.0).contains(&longitude)
            && (0.0..=20_040.0).contains(&radius_km);
        fits.then_some(Self {
            latitude,
            longitude,
            radius_km,
        })
    }

    /// The least distance between a point of one circle and a point of the other, in km.
    #[must_use]
    pub fn at_least_km(&self, other: &Self) -> f64 {
        let (a, b) = (
            f64::from(self.latitude).to_radians(),
            f64::from(other.latitude).to_radians(),
        );
        let across = (f64::from(self.longitude) - f64::from(other.longitude)).to_radians();
        // The haversine formula, which stays exact for near points.
        let h = ((a - b) / 2.0).sin().powi(2) + a.cos() * b.cos() * (across / 2.0).sin().powi(2);
        let between = 2.0 * EARTH * h.sqrt().min(1.0).asin();
        (between - f64::from(self.radius_km) - f64::from(other.radius_km)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_globe_less_both_radii() {
        let zurich = Spot::new(47.38, 8.54, 20.0).unwrap();
        let new_york = Spot::new(40.71, -74.01, 50.0).unwrap();
        let between = zurich.at_least_km(&new_york);
        assert!((between - (6_323.0 - 70.0)).abs() < 20.0, "{between}");
        assert!(zurich.at_least_km(&zurich) < 0.001);
        let fiji = [
            Spot::new(-17.0, 179.9, 0.0).unwrap(),
            Spot::new(-17.0, -179.9, 0.0).unwrap(),
        ];
        assert!(fiji[0].at_least_km(&fiji[1]) < 25.0, "across the date line");
    }

    #[test]
    fn a_circle_that_can_not_be_is_none() {
        for (latitude, longitude, radius) in [
            (91.0, 0.0, 1.0),
            (0.0, f32::NAN, 1.0),
            (0.0, 0.0, -1.0),
            (0.0, 0.0, f32::INFINITY),
        ] {
            assert!(Spot::new(latitude, longitude, radius).is_none());
        }
    }
}
